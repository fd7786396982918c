//! Error messages. A client has to know from the message what to do next, so the messages are kept in
//! `snapshots` for review: each once, with its code, and its reason or path.
//!
//! What needs no database, or is the same on both, is tested on SQLite.

mod inputs;
mod limits;
mod requests;
mod tokens;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::Reply;

/// The messages of the errors that a test has met.
#[derive(Default)]
struct Messages(BTreeSet<String>);

impl Messages {
    /// Adds the errors of a response, at least one.
    fn of(&mut self, reply: &Reply) {
        self.errors(&reply.json()["errors"]);
    }

    fn errors(&mut self, errors: &Value) {
        let errors = errors.as_array().unwrap_or_else(|| panic!("no errors: {errors}"));
        assert!(!errors.is_empty());
        for error in errors {
            let extensions = &error["extensions"];
            let about = extensions.get("reason").or(extensions.get("field"));
            let title = [&extensions["code"], about.unwrap_or(&Value::Null)]
                .map(|name| name.as_str().unwrap_or_default())
                .join(" ");
            self.0.insert(format!("{}\n    {}", title.trim(), error["message"].as_str().unwrap()));
        }
    }

    /// Whether one of them has this code or reason.
    fn have(&self, name: &str) -> bool {
        let titles = self.0.iter().filter_map(|message| message.lines().next());
        titles.flat_map(|title| title.split(' ')).any(|word| word == name)
    }

    /// Compares all of them, in alphabetical order, with the reviewed ones.
    fn assert_snapshot(self, name: &str) {
        let all = self.0.into_iter().collect::<Vec<_>>().join("\n");
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, all);
        });
    }
}

#[test]
fn no_code_is_without_a_message() {
    let met = [
        include_str!("snapshots/limits_and_faults.snap"),
        include_str!("snapshots/refused_inputs.snap"),
        include_str!("snapshots/refused_requests.snap"),
        include_str!("snapshots/refused_tokens.snap"),
    ]
    .concat();
    let sdl = taskward::graphql::sdl();
    let codes = sdl.split("enum ErrorCode {").nth(1).unwrap().split('}').next().unwrap();
    let is_code = |line: &&str| line.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let codes: Vec<_> =
        codes.lines().map(str::trim).filter(|line| !line.is_empty()).filter(is_code).collect();
    assert!(codes.len() >= 14, "{codes:?}");
    for code in codes {
        let is_told = met.lines().any(|line| line.split(' ').next() == Some(code));
        assert!(is_told, "{code}");
    }
}
