//! A plan answers every query and mutation that the project hands out: those of the README, the
//! documentation, GraphiQL's tabs, the examples for front ends, and the tests of their clients.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::{Request, seed};
use crate::harness::{
    Api,
    ids::{list_id, tag_id, task_id},
    on_each_database,
};

/// A document, and the files that it is in.
#[derive(Debug)]
struct ProjectDocument {
    paths: Vec<PathBuf>,
    text: String,
}

impl ProjectDocument {
    /// The tests of clients send some that are refused.
    fn may_be_refused(&self) -> bool {
        self.paths.iter().all(|path| path.to_string_lossy().ends_with(".test.mjs"))
    }

    /// What no plan answers, with the reason.
    fn is_unplanned(&self) -> Option<&'static str> {
        self.text.contains("__schema").then_some("introspection is the library's")
    }
}

/// All queries and mutations of the project; a text that several files have is one.
fn documents() -> Vec<ProjectDocument> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![root.join("README.md"), root.join("src/http/playground.html")];
    for folder in ["docs", "tests/clients", "tests/clients/harness", "tests/clients/examples"] {
        paths.extend(files(&root.join(folder)));
    }
    for folder in ["codegen", "relay"] {
        paths.extend(files(&root.join("tests/clients/examples").join(folder)));
    }
    let mut documents: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for path in paths {
        let content = fs::read_to_string(&path).unwrap();
        let texts = match path.extension().and_then(|extension| extension.to_str()) {
            Some("md") => code_blocks(&content),
            Some("html") => between(&content, "<script type=\"application/graphql\"", "</script>")
                .into_iter()
                .map(|script| script.split_once('>').unwrap().1.to_owned())
                .collect(),
            Some("mjs" | "ts") => templates(&content),
            _ => Vec::new(),
        };
        for text in texts.into_iter().filter(|text| is_query_or_mutation(text)) {
            documents.entry(text).or_default().push(path.clone());
        }
    }
    documents.into_iter().map(|(text, paths)| ProjectDocument { paths, text }).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).collect()
}

/// The parts of a text between two others.
fn between(text: &str, begin: &str, end: &str) -> Vec<String> {
    let parts = text.split(begin).skip(1);
    parts.filter_map(|part| Some(part.split_once(end)?.0.to_owned())).collect()
}

/// The documents in the code of a Markdown file: GraphQL, and what scripts have in templates.
fn code_blocks(markdown: &str) -> Vec<String> {
    let mut documents = between(markdown, "```graphql\n", "```");
    for language in ["```js\n", "```ts\n"] {
        let scripts = between(markdown, language, "\n```");
        documents.extend(scripts.iter().flat_map(|script| templates(script)));
    }
    documents
}

/// The queries and mutations among the template literals of a script, with the other literals of the same
/// script in the places of their names, and with its fragments.
fn templates(script: &str) -> Vec<String> {
    let parts: Vec<&str> = script.split('`').collect();
    let literals = parts.iter().skip(1).step_by(2);
    let constants = parts.iter().step_by(2).map(|code| {
        let code = code.trim_end().trim_end_matches(['=', '(']).trim_end();
        let code = code.trim_end_matches("= gql").trim_end();
        code.rsplit([' ', '\n']).next().unwrap_or_default()
    });
    let named: BTreeMap<&str, &str> = constants.zip(literals.clone().copied()).collect();
    let fragments = literals.clone().filter(|text| text.trim_start().starts_with("fragment "));
    let fragments: Vec<String> = fragments.map(|text| without_relay(text)).collect();
    let queries = literals.filter(|text| is_query_or_mutation(text));
    queries.map(|text| with_fragments(&filled(text, &named), &fragments)).collect()
}

fn is_query_or_mutation(text: &str) -> bool {
    let text = without_comments(text);
    let text = text.trim_start();
    let begins = |keyword| text.strip_prefix(keyword).is_some_and(|it: &str| it.contains('{'));
    begins("query ") || begins("mutation ") || begins("{ ")
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.collect::<Vec<_>>().join("\n")
}

/// A template with its values; a value that is not a literal is a name.
fn filled(template: &str, named: &BTreeMap<&str, &str>) -> String {
    let mut parts = template.split("${");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or_default();
        text += &named.get(name.trim()).map_or("Some".to_owned(), |text| filled(text, named));
        text += rest;
    }
    text
}

fn with_fragments(text: &str, fragments: &[String]) -> String {
    let mut text = if text.contains('@') || text.contains("...TaskList_") {
        without_relay(text)
    } else {
        text.to_owned()
    };
    let mut at = 0;
    while let Some(spread) = text[at..].find("...") {
        at += spread + 3;
        let name = text[at..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
        let definition = format!("fragment {name} on");
        if !name.is_empty() && !text.contains(&definition) {
            let fragment = fragments.iter().find(|it| it.contains(&definition));
            text += fragment.map_or("", String::as_str);
        }
    }
    if text.contains("$cursor") && !text.contains("$cursor:") {
        text = text.replace("($count: Int!)", "($count: Int!, $cursor: String)");
    }
    text
}

/// A document as Relay's compiler prints it: without the directives and fields that only Relay knows.
fn without_relay(text: &str) -> String {
    let mut parts = text.split('@');
    let mut without = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = part.chars().take_while(char::is_ascii_alphanumeric).count();
        let (name, rest) = part.split_at(name);
        if ["include", "skip"].contains(&name) {
            without.push('@');
            without += part;
        } else {
            without += rest.strip_prefix('(').map_or(rest, |rest| rest.split_once(')').unwrap().1);
        }
    }
    without.replace("__id", "").replace(", $connections: [ID!]!", "")
}

/// Values for the variables that a document declares.
fn variables(text: &str) -> Value {
    let text = without_comments(text);
    let head = text.split('{').next().unwrap();
    let Some((_, definitions)) = head.split_once('(') else { return json!({}) };
    let mut values = Map::new();
    for definition in definitions.split('$').skip(1) {
        let (name, ty) = definition.split_once(':').unwrap();
        let ty = ty.trim().split(['=', ',', ')', ' ']).next().unwrap();
        let value = match (ty.trim_matches(['!', '[', ']']), name) {
            ("ID", "list") => json!(list_id(0)),
            ("ID", "tag") => json!(tag_id(0)),
            ("ID", _) => json!(task_id(1)),
            ("Int", _) => json!(2),
            ("Boolean", _) => json!(true),
            ("TaskFilter", _) => json!({ "completed": false }),
            ("CreateTaskInput", _) => json!({ "title": "Buy milk", "due": { "on": "2026-12-01" } }),
            ("UpdateTaskInput", _) => json!({ "id": task_id(1), "title": "Buy bread" }),
            ("MoveTaskInput", _) => json!({ "id": task_id(1), "place": { "after": task_id(0) } }),
            ("DeleteTaskInput" | "RestoreTaskInput", _) => json!({ "id": task_id(9) }),
            ("CreateTagInput", _) => json!({ "id": tag_id(1), "name": "Errand" }),
            ("UpdateTagInput", _) => json!({ "id": tag_id(1), "name": "Errands" }),
            ("CreateListInput", _) => json!({ "name": "Home" }),
            ("UpdateListInput", _) => json!({ "id": list_id(1), "name": "House" }),
            ("BatchOperation", _) => {
                json!([{ "createTask": { "title": "Milk" } }, { "deleteTask": { "id": task_id(99) } }])
            }
            ("UpdateViewerInput", _) => json!({ "timeZone": "Europe/Berlin" }),
            ("SignOutInput", _) => json!({}),
            ("String" | "TaskOrder", _) => continue,
            (ty, name) => panic!("no value for ${name}: {ty} of\n{text}"),
        };
        values.insert(name.to_owned(), value);
    }
    Value::Object(values)
}

on_each_database! {
    async fn each_document_of_the_project_is_planned(api: Api) {
        seed(&api, &api.alice).await;
        let documents = documents();
        let mut planned = 0;
        for (number, document) in documents.iter().enumerate() {
            let request = Request::post(document.text.clone(), variables(&document.text));
            let mut observed = Vec::new();
            for time in 0..3 {
                // A token of its own, in case the document signs out.
                let token = api.token("alice", &json!({ "sid": format!("{number} {time}") }));
                api.wait(TimeDelta::milliseconds(1));
                observed.push(request.send(&api.with_token(token)).await);
            }
            if document.may_be_refused() && observed[0].reply.status != 200 {
                continue;
            }
            assert_eq!(observed[0].reply.status, 200, "{document:#?}\n{:?}", observed[0]);
            let by_plan = observed[1].by_plan && observed[2].by_plan;
            assert_eq!(by_plan, document.is_unplanned().is_none(), "{document:#?}");
            planned += 1;
        }
        println!("{planned} of {} documents", documents.len());
        // Each file is searched: there are more documents than those of the README and GraphiQL.
        assert!(planned > 40, "{planned} of {}", documents.len());
        for file in ["README.md", "api.md", "playground.html", "offline-first.mjs", "task-documents.mjs", "tasks.ts", "TaskList.ts", "documents.mjs"] {
            let is_of_it = |path: &PathBuf| path.ends_with(file);
            assert!(documents.iter().any(|it| it.paths.iter().any(is_of_it)), "none of {file}");
        }
    }
}
