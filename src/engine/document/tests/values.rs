//! Values: in variables, as defaults, and as literals.

use serde_json::{Value as Json, json};

use super::{CREATE, coerce, coercion_errors};

#[test]
fn variables_are_checked_against_their_types() {
    let due = |due: Json| json!({ "input": { "title": "a", "due": due } });
    for (variables, expected) in [
        (json!({}), "input BAD_USER_INPUT input is required"),
        (json!({ "input": null }), "input BAD_USER_INPUT expected CreateTaskInput, not null"),
        (json!({ "input": 5 }), "input BAD_USER_INPUT expected CreateTaskInput"),
        (json!({ "input": { "title": "a" }, "undeclared": 1 }), ""),
        (json!({ "input": {} }), "input.title BAD_USER_INPUT title is required"),
        (
            json!({ "input": { "title": null } }),
            "input.title BAD_USER_INPUT expected String, not null",
        ),
        (json!({ "input": { "title": 5 } }), "input.title BAD_USER_INPUT expected String"),
        (
            json!({ "input": { "titel": "a" } }),
            "input.titel BAD_USER_INPUT unknown field `titel`: leave it out\ninput.title BAD_USER_INPUT title is required",
        ),
        (
            json!({ "input": { "title": "a", "reminders": [{ "at": "x" }, {}] } }),
            "input.reminders.0.at BAD_USER_INPUT expected Date, such as \"2026-12-01\"\ninput.reminders.1.at BAD_USER_INPUT at is required",
        ),
        (json!({ "input": { "title": "a", "reminders": { "at": "2026-11-21" } } }), ""),
        (json!({ "input": { "title": "a", "reminders": null, "due": null } }), ""),
        (
            json!({ "input": { "title": "a", "reminders": [null] } }),
            "input.reminders.0 BAD_USER_INPUT expected ReminderInput, not null",
        ),
        (
            json!({ "input": { "title": "a", "completed": null } }),
            "input.completed BAD_USER_INPUT expected Boolean, not null",
        ),
        (json!({ "input": { "title": "a", "priority": "HIGH" } }), ""),
        (
            json!({ "input": { "title": "a", "priority": "high" } }),
            "input.priority BAD_USER_INPUT expected Priority",
        ),
        (
            json!({ "input": { "title": "a", "priority": 1 } }),
            "input.priority BAD_USER_INPUT expected Priority",
        ),
        (json!({ "input": { "title": "a", "points": 2_147_483_647 } }), ""),
        (
            json!({ "input": { "title": "a", "points": 2_147_483_648_u32 } }),
            "input.points BAD_USER_INPUT expected Int",
        ),
        (
            json!({ "input": { "title": "a", "points": 1.5 } }),
            "input.points BAD_USER_INPUT expected Int",
        ),
        (
            json!({ "input": { "title": "a", "points": "1" } }),
            "input.points BAD_USER_INPUT expected Int",
        ),
        (due(json!({ "on": "2026-11-21" })), ""),
        (
            due(json!({ "on": "x" })),
            "input.due.on BAD_USER_INPUT expected Date, such as \"2026-12-01\"",
        ),
        (due(json!({})), "input.due BAD_USER_INPUT give exactly one of on, at"),
        (due(json!({ "on": null })), "input.due BAD_USER_INPUT give exactly one of on, at"),
        (
            due(json!({ "on": "2026-11-21", "at": null })),
            "input.due BAD_USER_INPUT give exactly one of on, at",
        ),
    ] {
        assert_eq!(coercion_errors(CREATE, variables.clone()), expected, "{variables}");
    }
    let error = coerce(CREATE, json!({})).unwrap_err().remove(0);
    assert_eq!((error.locations[0].line, error.locations[0].column), (1, 10));
}

#[test]
fn at_most_twenty_errors_are_reported() {
    let reminders = vec![json!({}); 100];
    let errors = coerce(CREATE, json!({ "input": { "title": "a", "reminders": reminders } }));
    assert_eq!(errors.unwrap_err().len(), 20);
}

#[test]
fn defaults_are_checked_and_filled_in() {
    let source = "query($n: Int = 7, $m: Int, $k: Int = 1) {
        tasks(first: $n, last: $m) { totalCount } two: tasks(first: $k) { totalCount }
    }";
    let variables = coerce(source, json!({ "k": null, "undeclared": 1 })).unwrap();
    assert_eq!(variables.into_value().into_json().unwrap(), json!({ "n": 7, "k": null }));
    for (definition, expected) in [
        ("$a: Int = \"x\"", "GRAPHQL_VALIDATION_FAILED expected value of type Int, found a string"),
        ("$a: Int! = null", "GRAPHQL_VALIDATION_FAILED expected value of type Int!, found null"),
        (
            "$a: CreateTaskInput = 5",
            "GRAPHQL_VALIDATION_FAILED expected value of type CreateTaskInput, found an integer\nGRAPHQL_VALIDATION_FAILED variable `$a` of type `CreateTaskInput` cannot be used for argument `first` of type `Int`",
        ),
        (
            "$a: [Unknown] = [1]",
            "GRAPHQL_VALIDATION_FAILED cannot find type `Unknown` in this document\nGRAPHQL_VALIDATION_FAILED variable `$a` of type `[Unknown]` cannot be used for argument `first` of type `Int`",
        ),
        (
            "$a: [[Float!]!]! = 1",
            "GRAPHQL_VALIDATION_FAILED cannot find type `Float` in this document\nGRAPHQL_VALIDATION_FAILED variable `$a` of type `[[Float!]!]!` cannot be used for argument `first` of type `Int`",
        ),
        (
            "$a: Task",
            "GRAPHQL_VALIDATION_FAILED `$a` variable must be of an input type\nGRAPHQL_VALIDATION_FAILED variable `$a` of type `Task` cannot be used for argument `first` of type `Int`",
        ),
    ] {
        let source = format!("query({definition}) {{ tasks(first: $a) {{ totalCount }} }}");
        assert_eq!(coercion_errors(&source, json!({})), expected, "{source}");
    }
}

#[test]
fn values_in_the_document_are_checked_with_the_variables_in_them() {
    let create = |input: &str| {
        let defined =
            [("$d", "Date!"), ("$n", "Date"), ("$e", "Boolean = true"), ("$t", "String!")];
        let used = defined.into_iter().filter(|(name, _)| input.contains(name));
        let definitions: Vec<_> = used.map(|(name, ty)| format!("{name}: {ty}")).collect();
        let definitions = definitions.join(" ");
        let definitions = format!("({definitions})").replace("()", "");
        format!(
            "mutation{definitions} {{ ...f }} fragment f on Mutation {{ createTask(input: {input}) {{ task {{ id }} }} }}"
        )
    };
    for (input, variables, expected) in [
        ("{title: $t}", json!({ "t": "a" }), ""),
        ("{title: $t}", json!({}), "t BAD_USER_INPUT t is required"),
        ("{title: $t, completed: $e}", json!({ "t": "a" }), ""),
        (
            "{title: $t, completed: $e}",
            json!({ "t": "a", "e": null }),
            "e BAD_USER_INPUT expected Boolean, not null",
        ),
        ("{title: $t, due: {on: $d}}", json!({ "t": "a", "d": "2026-11-21" }), ""),
        (
            "{title: $t, due: {on: $d}}",
            json!({ "t": "a", "d": "x" }),
            "d BAD_USER_INPUT expected Date, such as \"2026-12-01\"",
        ),
        (
            "{title: $t, due: {on: $d}}",
            json!({ "t": "a", "d": null }),
            "d BAD_USER_INPUT expected Date, not null",
        ),
        ("{title: $t, due: {on: $d}}", json!({ "t": "a" }), "d BAD_USER_INPUT d is required"),
        (
            "{title: $t, due: {on: $d, at: $t}}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED @oneOf input object `DueInput` must specify exactly one key, but 2 were given",
        ),
        (
            "{title: $t, due: {on: null}}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED expected value of type Date!, found null",
        ),
        (
            "{title: $t, due: {}}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED @oneOf input object `DueInput` must specify exactly one key, but 0 were given",
        ),
        (
            "{title: 5, due: {on: $d}}",
            json!({ "t": "a", "d": "2026-11-21" }),
            "GRAPHQL_VALIDATION_FAILED expected value of type String!, found an integer",
        ),
        (
            "{due: null}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED the required field `CreateTaskInput.title` is not provided",
        ),
        (
            "{title: \"a\", points: 3000000000}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED int cannot represent non 32-bit signed integer value",
        ),
        (
            "{title: \"a\", priority: \"HIGH\"}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED expected value of type Priority, found a string",
        ),
        ("{title: \"a\", priority: HIGH}", json!({ "t": "a" }), ""),
        (
            "{title: \"a\", priority: UP}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED value `UP` does not exist on `Priority`",
        ),
        (
            "{title: \"a\", reminders: [{at: \"x\"}]}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED input.reminders.0.at: expected Date, such as \"2026-12-01\"",
        ),
        (
            "{title: \"a\", titel: 1}",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED field `titel` does not exist on `CreateTaskInput`",
        ),
        (
            "5",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED expected value of type CreateTaskInput!, found an integer",
        ),
        (
            "null",
            json!({ "t": "a" }),
            "GRAPHQL_VALIDATION_FAILED the required argument `Mutation.createTask(input:)` is not provided\nGRAPHQL_VALIDATION_FAILED expected value of type CreateTaskInput!, found null",
        ),
    ] {
        assert_eq!(
            coercion_errors(&create(input), variables.clone()),
            expected,
            "{input} {variables}"
        );
    }
}

#[test]
fn arguments_are_checked() {
    for (source, expected) in [
        (
            "{ tasks(first: \"x\") { totalCount } }",
            "GRAPHQL_VALIDATION_FAILED expected value of type Int, found a string",
        ),
        (
            "{ tasks(unknown: 1) { totalCount } }",
            "GRAPHQL_VALIDATION_FAILED the argument `unknown` is not supported by `Query.tasks`",
        ),
        (
            "{ tasks(filter: {not: {and: [{title: 1}]}}) { totalCount } }",
            "GRAPHQL_VALIDATION_FAILED expected value of type String, found an integer",
        ),
        (
            "{ viewer @skip(if: 1) { id } }",
            "GRAPHQL_VALIDATION_FAILED expected value of type Boolean!, found an integer",
        ),
    ] {
        assert_eq!(coercion_errors(source, json!({})), expected, "{source}");
    }
    let condition = "query($on: Boolean = true) { viewer @include(if: $on) { id } }";
    assert_eq!(coercion_errors(condition, json!({})), "");
    assert_eq!(
        coercion_errors(condition, json!({ "on": null })),
        "on BAD_USER_INPUT expected Boolean, not null"
    );
}

#[test]
fn variables_fit_the_places_where_they_stand() {
    for (definition, usage, variables, expected) in [
        ("$a: [Date!]!", "dates(on: $a)", json!({ "a": [] }), ""),
        ("$a: [Date!]", "dates(on: $a)", json!({}), ""),
        ("$a: Date!", "dates(on: [$a])", json!({ "a": "2026-11-21" }), ""),
        (
            "$a: Date!",
            "dates(on: $a)",
            json!({ "a": "2026-11-21" }),
            "variable `$a` of type `Date!` cannot be used for argument `on` of type `[Date!]`",
        ),
        (
            "$a: [Date]",
            "dates(on: $a)",
            json!({}),
            "variable `$a` of type `[Date]` cannot be used for argument `on` of type `[Date!]`",
        ),
        (
            "$a: Date",
            "dates(on: [$a])",
            json!({}),
            "variable `$a` of type `Date` cannot be used for argument `on` of type `Date!`",
        ),
        (
            "$a: ID",
            "task(id: $a)",
            json!({ "a": "1" }),
            "variable `$a` of type `ID` cannot be used for argument `id` of type `ID!`",
        ),
        (
            "$a: String!",
            "task(id: $a)",
            json!({ "a": "1" }),
            "variable `$a` of type `String!` cannot be used for argument `id` of type `ID!`",
        ),
        (
            "$a: Int!",
            "changes(first: $a)",
            json!({ "a": 1 }),
            "type `ChangePage` does not have a field `id`",
        ),
        (
            "$a: Int",
            "changes(first: $a)",
            json!({ "a": 1 }),
            "type `ChangePage` does not have a field `id`",
        ),
        (
            "$a: Boolean",
            "viewer @skip(if: $a)",
            json!({}),
            "variable `$a` of type `Boolean` cannot be used for argument `if` of type `Boolean!`",
        ),
    ] {
        let source = format!("query({definition}) {{ {usage} {{ id }} }}");
        let expected = match expected {
            "" => String::new(),
            expected => format!("GRAPHQL_VALIDATION_FAILED {expected}"),
        };
        assert_eq!(coercion_errors(&source, variables), expected, "{source}");
    }
    let source = "query($a: Int) { changes(first: $a) { changes { __typename } } }";
    assert_eq!(coercion_errors(source, json!({})), "", "the argument has a default of its own");
    assert_eq!(
        coercion_errors(source, json!({ "a": null })),
        "a BAD_USER_INPUT expected Int, not null"
    );
}
