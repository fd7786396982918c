//! The engine alone: a request and its viewer become a result or a stream of results, without HTTP.

use futures_util::StreamExt;
use serde_json::{Value, json};
use taskward::{
    app::App,
    auth::Viewer,
    engine::{Client, GraphqlRequest, ParsedRequest, RequestError},
};

use crate::harness::{Api, on_each_database, soon, tokens};

/// An application without a listener.
struct Fixture {
    app: App,
    api: Api,
}

impl Fixture {
    async fn build(api: Api) -> Self {
        let (api, app) = Api::start_to_serve(api.database, &[]).await;
        Self { app, api }
    }

    async fn viewer(&self, sub: &str) -> Viewer {
        let token = tokens::of(sub, self.api.clock.now());
        self.app.authenticator().verify(&token).await.unwrap()
    }

    fn parse(&self, query: &str, variables: &Value) -> Result<ParsedRequest, RequestError> {
        let request = json!({ "query": query, "variables": variables });
        let request: GraphqlRequest = serde_json::from_value(request).unwrap();
        self.app.engine().parse(request, &client(None))
    }

    async fn execute(
        &self,
        viewer: Option<Viewer>,
        query: &str,
        variables: Value,
    ) -> Result<Value, RequestError> {
        let result = self
            .app
            .engine()
            .execute(self.parse(query, &variables)?, &client(viewer), "r1")
            .await?;
        Ok(serde_json::to_value(&result).unwrap())
    }
}

fn client(viewer: Option<Viewer>) -> Client {
    Client { viewer, address: [192, 0, 2, 1].into() }
}

fn messages(error: RequestError) -> Vec<String> {
    error.into_errors().into_iter().map(|error| error.message).collect()
}

on_each_database! {
    async fn a_request_and_its_viewer_become_a_result(api: Api) {
        let fixture = Fixture::build(api).await;
        let create = "mutation ($title: String!) { createTask(input: { title: $title }) { task { title } } }";
        let alice = fixture.viewer("alice").await;
        let milk = json!({ "title": "milk" });
        let created = fixture.execute(Some(alice.clone()), create, milk).await.unwrap();
        assert_eq!(created, json!({ "data": { "createTask": { "task": { "title": "milk" } } } }));

        let read = "{ tasks { nodes { title } } }";
        let bob = fixture.viewer("bob").await;
        for (viewer, nodes) in [(alice, json!([{ "title": "milk" }])), (bob, json!([]))] {
            // By the library, then by a plan: the same.
            for uses_plans in [false, true] {
                fixture.app.engine().use_plans(uses_plans);
                let result = fixture.execute(Some(viewer.clone()), read, json!({})).await.unwrap();
                assert_eq!(result, json!({ "data": { "tasks": { "nodes": nodes } } }));
            }
        }
        assert_eq!(fixture.app.engine().planned_operations(), 3);
    }

    async fn an_error_says_what_is_wrong_and_no_status(api: Api) {
        let fixture = Fixture::build(api).await;
        let error = fixture.execute(None, "{ viewer { id } }", json!({})).await.unwrap_err();
        assert!(matches!(error, RequestError::Unauthenticated(_)), "{error:?}");

        let alice = Some(fixture.viewer("alice").await);
        let error = fixture.execute(alice.clone(), "{ nothing }", json!({})).await.unwrap_err();
        assert!(matches!(error, RequestError::Document(_)), "{error:?}");
        let error = fixture.execute(alice, "{", json!({})).await.unwrap_err();
        assert!(messages(error)[0].starts_with("Syntax error"));
        let error = fixture.app.engine().parse(serde_json::from_value(json!({})).unwrap(), &client(None)).err().unwrap();
        assert!(matches!(error, RequestError::Malformed(_)), "{error:?}");
    }

    async fn a_subscription_becomes_a_stream_of_results(api: Api) {
        let fixture = Fixture::build(api).await;
        let alice = fixture.viewer("alice").await;
        let follow = "subscription { changes { changes { node { ... on Task { title } } } } }";
        let request = fixture.parse(follow, &json!({})).unwrap();
        let engine = fixture.app.engine();
        let alice = client(Some(alice));
        let mut results = engine.stream(request, &alice, "r1").unwrap();
        let titles = [json!([]), json!([{ "node": { "title": "milk" } }])];
        for changes in titles {
            let result = soon(results.next()).await.unwrap().unwrap();
            let result = serde_json::to_value(&result).unwrap();
            assert_eq!(result, json!({ "data": { "changes": { "changes": changes } } }));
            fixture.api.alice.creates("milk").await;
        }
    }

    async fn messages_that_a_user_does_not_read_keep_that_user_from_more(api: Api) {
        let fixture = Fixture::build(api).await;
        let engine = fixture.app.engine();
        let mut clients = Vec::new();
        for (sub, person) in [("alice", &fixture.api.alice), ("bob", &fixture.api.bob)] {
            let since = person.asks("{ changes { cursor } }").await["changes"]["cursor"].clone();
            for _ in 0..20 {
                let text = "x".repeat(10_000);
                person.create(json!({ "title": "Milk", "description": text })).await.data();
            }
            clients.push((client(Some(fixture.viewer(sub).await)), since));
        }
        // A message of 8 MB, of which two may wait.
        let texts = (0..40).map(|n| format!("d{n}: description")).collect::<Vec<_>>().join(" ");
        let follow = format!(
            "subscription($since: String) {{ changes(since: $since) {{ changes {{ node {{ ... on Task {{ {texts} }} }} }} }} }}"
        );
        let subscribe = |(client, since): &(Client, Value)| {
            let request = fixture.parse(&follow, &json!({ "since": since })).unwrap();
            engine.stream(request, client, "r1").unwrap()
        };
        let mut of_alice = [(); 3].map(|()| subscribe(&clients[0]));
        let mut of_bob = subscribe(&clients[1]);

        let unread = soon(of_alice[0].next()).await.unwrap().unwrap();
        let _unread = soon(of_alice[1].next()).await.unwrap().unwrap();
        tokio::select! {
            biased;
            more = of_alice[2].next() => panic!("{:?}", more.map(Result::err)),
            of_bob = soon(of_bob.next()) => assert!(of_bob.is_some()),
        }
        drop(unread);
        soon(of_alice[2].next()).await.unwrap().unwrap();
    }
}
