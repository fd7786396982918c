//! Scopes: reading, writing, both or neither.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::{
    auth::who,
    harness::{Api, Person, Reply, on_each_database},
};

/// Somebody with this claim `scope` in their token.
fn scoped(api: &Api, scope: &Value) -> Person {
    // Each has a token of their own, so that signing out ends no other one.
    let jti = uuid::Uuid::new_v4().to_string();
    api.with_token(tokens_with(api, scope, &jti))
}

fn tokens_with(api: &Api, scope: &Value, jti: &str) -> String {
    api.token("alice", &json!({ "scope": scope, "jti": jti }))
}

/// The expected response where only this scope is missing.
fn assert_forbidden(reply: &Reply, scope: &str) {
    assert_eq!(reply.status, 403, "{:?}", reply.body);
    let expected =
        format!("Bearer realm=\"tasks\", error=\"insufficient_scope\", scope=\"{scope}\"");
    assert_eq!(reply.header("www-authenticate"), expected);
    for error in reply.json()["errors"].as_array().unwrap() {
        assert_eq!(error["extensions"], json!({ "code": "FORBIDDEN" }));
        assert!(error["message"].as_str().unwrap().contains(scope), "{error}");
    }
}

fn is_forbidden(reply: &Reply) -> bool {
    let json = reply.json();
    let errors = json["errors"].as_array().into_iter().flatten();
    errors.into_iter().any(|error| error["extensions"]["code"] == "FORBIDDEN")
}

on_each_database! {
    /// Those of a subscription are in `live_updates::isolation`.
    async fn each_root_field_asks_for_its_scope(api: Api) {
        let schema = Schema::of(&api).await;
        for (root, keyword, scope) in [
            ("queryType", "query", "tasks:read"),
            ("mutationType", "mutation", "tasks:write"),
        ] {
            for document in schema.documents(root, keyword) {
                for other in ["tasks:read", "tasks:write", "openid"] {
                    let reply = scoped(&api, &json!(other)).post(&document, json!({})).await;
                    if other == scope || document.contains("signOut") {
                        assert!(!is_forbidden(&reply), "{document} {:?}", reply.body);
                    } else {
                        assert_forbidden(&reply, scope);
                    }
                }
            }
        }
    }

    async fn the_claim_says_what_a_token_allows(api: Api) {
        for (scope, expected) in [
            (json!("tasks:read tasks:write"), json!(["READ", "WRITE"])),
            (json!("openid tasks:read email"), json!(["READ"])),
            (json!(["tasks:write", "tasks:read"]), json!(["READ", "WRITE"])),
            (json!(null), json!(["READ", "WRITE"])),
        ] {
            let session = scoped(&api, &scope).asks("{ viewer { session { scopes } } }").await;
            assert_eq!(session["viewer"]["session"]["scopes"], expected, "{scope}");
        }
        for scope in [json!("tasks:write"), json!("openid"), json!(""), json!([]), json!(true), json!({})] {
            let reply = scoped(&api, &scope).post("{ viewer { session { scopes } } }", json!({})).await;
            assert_forbidden(&reply, "tasks:read");
        }
    }

    async fn a_token_that_allows_nothing_may_still_ask_what_anybody_may(api: Api) {
        let nothing = scoped(&api, &json!("openid"));
        assert_eq!(nothing.asks("{ __typename __schema { queryType { name } } }").await["__typename"], "Query");
    }

    async fn any_token_may_sign_itself_out(api: Api) {
        for scope in ["tasks:read", "openid"] {
            let session = json!({ "scope": scope, "sid": scope });
            let token = api.token("alice", &session);
            let reply = api.with_token(token.as_str()).tries("signOut", json!({ "everywhere": true }), "revokedBefore").await;
            assert_forbidden(&reply, "tasks:write");
            assert_eq!(who(&api, &api.token("alice", &json!({}))).await, "alice", "{scope}");

            assert_eq!(api.with_token(token.as_str()).signs_out(false).await, Value::Null);
            assert_eq!(who(&api, &token).await, "REVOKED");
        }
        assert_eq!(api.anon.tries("signOut", json!({}), "revokedBefore").await.status, 401);

        let reader = scoped(&api, &json!("tasks:read"));
        let reply = reader.post("mutation { createTask(input: { title: \"x\" }) { cursor } signOut(input: {}) { revokedBefore } }", json!({})).await;
        assert_eq!((reply.code().as_str(), &reply.error()["path"]), ("FORBIDDEN", &json!(["createTask"])));
        assert_eq!(reader.post("{ __typename }", json!({})).await.status, 401, "it has signed out");
        assert_eq!(api.alice.asks("{ tasks { totalCount } }").await["tasks"]["totalCount"], 0);
    }

    async fn one_that_may_not_write_changes_nothing(api: Api) {
        let reader = scoped(&api, &json!("tasks:read"));
        let document = "mutation {
            a: createTask(input: { title: \"x\" }) { task { id } }
            b: createTask(input: { title: \"y\" }) { task { id } }
        }";
        let reply = reader.post(document, json!({})).await;
        assert_forbidden(&reply, "tasks:write");
        let json = reply.json();
        assert_eq!(json["data"], json!({ "a": null, "b": null }));
        let paths: Vec<_> = json["errors"].as_array().unwrap().iter().map(|it| it["path"].clone()).collect();
        assert_eq!(paths, [json!(["a"]), json!(["b"])]);
        assert_eq!(reader.asks("{ tasks { totalCount } }").await["tasks"]["totalCount"], 0);
    }

    async fn one_that_may_only_write_reads_nothing_on_the_way(api: Api) {
        let writer = scoped(&api, &json!("tasks:write"));
        let task = "createTask(input: { title: \"x\" }) { task { title } }";
        assert_eq!(writer.asks(&format!("mutation {{ {task} }}")).await["createTask"]["task"]["title"], "x");

        let document = "mutation { createTask(input: { title: \"y\" }) { task { title } query { tag(id: \"x\") { id } } } }";
        let reply = writer.post(document, json!({})).await;
        assert_eq!(reply.status, 200);
        assert_eq!((reply.code().as_str(), &reply.error()["path"]), ("FORBIDDEN", &json!(["createTask", "query", "tag"])));
        assert_eq!(reply.json()["data"]["createTask"], json!({ "task": { "title": "y" }, "query": { "tag": null } }));

        // The change was made, so this is no 403 either.
        let document = "mutation { createTask(input: { title: \"z\" }) { query { viewer { id } } } }";
        let reply = writer.post(document, json!({})).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (200, "FORBIDDEN"));
        assert_eq!(api.alice.asks("{ tasks { totalCount } }").await["tasks"]["totalCount"], 3);
    }

    async fn what_anybody_may_ask_is_answered_beside(api: Api) {
        let writer = scoped(&api, &json!("tasks:write"));
        let reply = writer.post("{ __typename tag(id: \"x\") { id } }", json!({})).await;
        assert_eq!((reply.status.as_u16(), reply.header("www-authenticate")), (200, ""));
        assert_eq!(reply.json()["data"], json!({ "__typename": "Query", "tag": null }));
        assert_eq!(reply.code(), "FORBIDDEN");
    }
}

/// The schema as it is served, to walk through.
struct Schema(Value);

impl Schema {
    async fn of(api: &Api) -> Self {
        let of_type = "kind name ofType { kind name ofType { kind name } }";
        let inputs = format!("name defaultValue type {{ {of_type} }}");
        let query = format!(
            "{{ __schema {{
                queryType {{ name }} mutationType {{ name }} subscriptionType {{ name }}
                types {{
                    name
                    fields {{ name args {{ {inputs} }} type {{ {of_type} }} }}
                    inputFields {{ {inputs} }}
                    enumValues {{ name }}
                }}
            }} }}"
        );
        Self(api.anon.asks(&query).await["__schema"].take())
    }

    fn types(&self) -> HashMap<&str, &Value> {
        let types = self.0["types"].as_array().unwrap();
        types.iter().map(|ty| (ty["name"].as_str().unwrap(), ty)).collect()
    }

    /// One document for each field of a root, with its required arguments.
    fn documents(&self, root: &str, keyword: &str) -> Vec<String> {
        let Some(root) = self.0[root]["name"].as_str() else { return Vec::new() };
        let fields = self.types()[root]["fields"].as_array().unwrap();
        let documents = fields.iter().map(|field| {
            let arguments = self.required(&field["args"]);
            let arguments = if arguments.is_empty() { arguments } else { format!("({arguments})") };
            format!(
                "{keyword} {{ {}{arguments} {{ __typename }} }}",
                field["name"].as_str().unwrap()
            )
        });
        documents.collect()
    }

    fn required(&self, inputs: &Value) -> String {
        let inputs = inputs.as_array().unwrap().iter();
        let required =
            inputs.filter(|it| it["type"]["kind"] == "NON_NULL" && it["defaultValue"].is_null());
        let value = |it: &Value| {
            format!("{}: {}", it["name"].as_str().unwrap(), self.value(&it["type"]["ofType"]))
        };
        required.map(value).collect::<Vec<_>>().join(", ")
    }

    fn value(&self, ty: &Value) -> String {
        let name = ty["name"].as_str().unwrap_or_default();
        match ty["kind"].as_str().unwrap() {
            "LIST" => "[]".to_owned(),
            "INPUT_OBJECT" => {
                format!("{{ {} }}", self.required(&self.types()[name]["inputFields"]))
            }
            "ENUM" => self.types()[name]["enumValues"][0]["name"].as_str().unwrap().to_owned(),
            _ => match name {
                "Int" => "1".to_owned(),
                "Boolean" => "true".to_owned(),
                _ => "\"x\"".to_owned(),
            },
        }
    }
}
