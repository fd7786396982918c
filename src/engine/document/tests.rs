//! Documents: parsed, limited, measured and coerced against a small schema.

mod cost;
mod fuzz;
mod limits;
mod schema;
mod syntax;
mod values;

use async_graphql::{Schema, ServerError, Value, Variables};
use serde_json::{Value as Json, json};

use self::schema::{Mutation, Query, SubscriptionRoot};
use super::{DocumentValidator, Limits, complexity::Complexity};
use crate::graphql;

const CREATE: &str =
    "mutation($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }";

fn validator() -> DocumentValidator {
    let sdl = Schema::new(Query, Mutation, SubscriptionRoot).sdl();
    let registry = graphql::registry_of::<Query, Mutation, SubscriptionRoot>();
    DocumentValidator::new(&sdl, registry, Limits::default(), true)
}

fn complexity(source: &str) -> Result<Complexity, ServerError> {
    complexity_with(source, json!({}))
}

fn complexity_with(source: &str, variables: Json) -> Result<Complexity, ServerError> {
    let validator = validator();
    let operation = validator.parse(source, None)?;
    validator.complexity(&operation, &Variables::from_json(variables))
}

fn coerce(source: &str, variables: Json) -> Result<Variables, Vec<ServerError>> {
    let validator = validator();
    let variables = Variables::from_json(variables);
    let operation = validator.validate(validator.parse(source, None).unwrap())?;
    let literals = validator.literals(&operation, &variables)?;
    validator.coerce(&operation.variables(), literals.count, variables)
}

/// `CODE message`, and the `field` in front where there is one.
fn render(error: &ServerError) -> String {
    let text = |key| match error.extensions.as_ref().unwrap().get(key) {
        Some(Value::String(text)) => format!("{text} "),
        _ => String::new(),
    };
    format!("{}{}{}", text("field"), text("code"), error.message)
}

fn refusal(result: Result<Complexity, ServerError>) -> String {
    render(&result.unwrap_err())
}

/// All errors in the values, one per line.
fn coercion_errors(source: &str, variables: Json) -> String {
    match coerce(source, variables) {
        Ok(_) => String::new(),
        Err(errors) => errors.iter().map(render).collect::<Vec<_>>().join("\n"),
    }
}

fn repeat(n: usize, part: impl Fn(usize) -> String) -> String {
    (0..n).map(part).collect()
}

/// A chain of fragments, each of which spreads the next one twice.
fn doubling(fragments: usize) -> String {
    let all = repeat(fragments, |n| {
        let next = n + 1;
        format!("fragment f{n} on Query {{ ...f{next} ...f{next} }} ")
    });
    format!("{{ ...f0 }} {all} fragment f{fragments} on Query {{ viewer {{ id }} }}")
}

/// Runs on a stack of the size that tokio gives its workers.
fn on_a_worker_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap()
}

#[test]
fn the_schema_that_is_served_is_valid() {
    let sdl = graphql::schema().sdl();
    let schema = apollo_compiler::Schema::parse_and_validate(sdl, "schema.graphql");
    assert_eq!(schema.err().map(|refused| refused.errors.to_string()), None);
}
