//! The cost of an operation, whether it needs a viewer, and introspection.

use async_graphql::Variables;
use serde_json::json;

use super::{
    Complexity, DocumentValidator, Limits, coercion_errors, complexity, complexity_with, refusal,
    render, repeat, validator,
};
use crate::graphql;

#[test]
fn cost_counts_the_objects_that_could_come_back() {
    for (source, expected) in [
        ("{ __typename }", 0),
        ("{ __schema { types { fields { name } } } }", 0),
        ("{ unknown { tasks { nodes { id } } } ... on Unknown { tasks { totalCount } } }", 0),
        ("{ viewer { id } }", 1),
        ("{ viewer { id } viewer { id } }", 2),
        ("{ node(id: 1) { id } }", 1),
        ("{ node(id: 1) { ... on Task { parent { parent { id } } } } }", 3),
        ("{ task(id: 1) { tags { id } } }", 51),
        ("{ tasks { totalCount } }", 50),
        ("{ tasks(first: null) { nodes { id } } }", 50),
        (
            "{ tasks(first: 10) { nodes { id } edges { cursor node { id } } pageInfo { hasNextPage } } }",
            10,
        ),
        ("{ tasks(last: 10) { ... on TaskConnection { edges { node { id } } } } }", 10),
        ("{ tasks(first: 0) { nodes { tags { id } } } }", 0),
        ("{ tasks(first: -1) { nodes { id } } }", 0),
        ("{ tasks(first: 1000) { nodes { id } } }", 100),
        ("{ tasks(first: 3, last: 7) { nodes { id } } }", 7),
        ("{ tasks(first: 10) { nodes { parent { id } } edges { node { parent { id } } } } }", 30),
        (
            "{ tasks(first: 10) { nodes { subtasks(first: 20) { nodes { tags { id } } } } } }",
            10 + 10 * 20 * 51,
        ),
        ("{ changes { changes { node { id } } } }", 500),
        ("{ changes(first: 1000) { changes { node { id } } } }", 500),
        ("{ changes(first: 10) { changes { node { ... on Task { parent { id } } } } } }", 20),
        ("subscription { changes { changes { node { id } } } }", 100),
        ("mutation { createTask(input: {}) { task { id } query { tasks { nodes { id } } } } }", 51),
        (
            "mutation { batch { results { node { id } } query { tasks(first: 3) { nodes { id } } } } }",
            103,
        ),
        ("mutation { batch { results { node { ... on Task { tags { id } } } } } }", 100 * 51),
        ("query($n: Int = 7) { tasks(first: $n) { nodes { id } } }", 7),
        ("query($n: Int) { tasks(first: $n) { nodes { id } } }", 50),
    ] {
        // The table is about cost alone, so nothing is refused for it.
        let unlimited = DocumentValidator {
            limits: Limits { cost: u64::MAX, ..Limits::default() },
            ..validator()
        };
        let operation = unlimited.parse(source, None).unwrap();
        let complexity = unlimited.complexity(&operation, &Variables::default()).unwrap();
        assert_eq!(complexity.cost, expected, "{source}");
    }
    let by_variable = "query($n: Int = 7) { tasks(first: $n) { nodes { id } } }";
    for (n, expected) in [(json!(9), 9), (json!(null), 50), (json!("9"), 50), (json!(101), 100)] {
        assert_eq!(complexity_with(by_variable, json!({ "n": n })).unwrap().cost, expected);
    }
}

#[test]
fn nested_pages_saturate() {
    let source = format!(
        "{{ tasks(first: 100) {{ nodes {} }} }}",
        "{ subtasks(first: 100) { nodes ".repeat(6) + "{ id }" + &"} }".repeat(6)
    );
    assert!(refusal(complexity(&source)).contains("objects; at most 10000"));
}

#[test]
fn fields_of_all_objects_together_are_limited() {
    let source = |fields| {
        let fields = "id ".repeat(fields);
        format!(
            "{{ tasks(first: 100) {{ nodes {{ subtasks(first: 99) {{ nodes {{ {fields} }} }} }} }} }}"
        )
    };
    assert_eq!(complexity(&source(45)).unwrap().cost, 10_000);
    let error = refusal(complexity(&source(60)));
    assert!(
        error.ends_with("values; at most 500000 are allowed: ask for less at a time"),
        "{error}"
    );
}

#[test]
fn pages_without_rows_are_not_free() {
    let aliases = |count| repeat(count, |n| format!("s{n}: subtasks(first: 0) {{ totalCount }} "));
    let source = |first, count| {
        let nodes = format!("subtasks(first: {first}) {{ nodes {{ {} }} }}", aliases(count));
        format!("{{ tasks(first: {first}) {{ nodes {{ {nodes} }} }} }}")
    };
    assert!(complexity(&source(10, 90)).is_ok());
    assert!(refusal(complexity(&source(99, 90))).contains("values; at most"));
}

#[test]
fn arguments_are_counted_wherever_they_stand() {
    // Below a page without rows, and objects in which nothing stands.
    let empty = "{} ".repeat(200);
    let tasks = |count| {
        let fields =
            repeat(count, |n| format!("q{n}: tasks(filter: {{and: [{empty}]}}) {{ totalCount }} "));
        format!(
            "{{ tasks(first: 0) {{ nodes {{ ...A }} }} }} \
             fragment A on Task {{ {} }} fragment B on Task {{ {} }} fragment C on Task {{ {} }}",
            repeat(10, |n| format!("p{n}: parent {{ ...B }} ")),
            repeat(10, |n| format!("p{n}: parent {{ ...C }} ")),
            fields.replace("tasks(", "subtasks("),
        )
    };
    let small = DocumentValidator {
        limits: Limits { tokens: 100_000, aliases: 1000, values: 50_000, ..Limits::default() },
        ..validator()
    };
    let measured =
        |source: &str| small.complexity(&small.parse(source, None).unwrap(), &Variables::default());
    assert!(measured(&tasks(1)).is_ok());
    assert!(refusal(measured(&tasks(4))).contains("values; at most 50000"));
}

/// By the schema that is served: its texts and ids can be long.
#[test]
fn a_long_value_counts_as_many() {
    let validator =
        DocumentValidator::new(&graphql::sdl(), graphql::registry(), Limits::default(), false);
    let complexity = |source: &str| {
        validator.complexity(&validator.parse(source, None).unwrap(), &Variables::default())
    };
    let scalars = "id title description completed completedAt priority dueOn dueAt startOn position \
        createdAt updatedAt deletedAt version overdue";
    let page = |subtasks| {
        format!(
            "{{ tasks(first: 100) {{ nodes {{ {scalars} \
             subtasks(first: {subtasks}) {{ nodes {{ {scalars} }} }} }} }} }}"
        )
    };
    let delete = "deleteTask(input: {id: 1}) { deletedIds } ".repeat(30);
    for (source, is_allowed) in [
        (page(80), true),
        (page(95), false),
        (format!("{{ tasks(first: 100) {{ nodes {{ {} }} }} }}", aliases("description", 90)), true),
        (fifteen_gigabytes(), false),
        (format!("mutation {{ {delete} }}"), true),
        ("mutation { batch(input: {operations: []}) { results { deletedIds } } }".into(), true),
        (
            format!("mutation {{ {} }}", delete.replace("deletedIds", "...F"))
                + &format!("fragment F on DeletePayload {{ {} }}", aliases("deletedIds", 10)),
            false,
        ),
    ] {
        let result = complexity(&source);
        assert_eq!(result.is_ok(), is_allowed, "{source}: {result:?}");
    }
}

fn aliases(field: &str, count: usize) -> String {
    repeat(count, |n| format!("a{n}: {field} "))
}

/// Each description can have 80 kB.
fn fifteen_gigabytes() -> String {
    let roots = repeat(30, |n| format!("r{n}: tasks(first: 100) {{ nodes {{ ...F }} }} "));
    format!("{{ {roots} }} fragment F on Task {{ {} }}", aliases("description", 65))
}

#[test]
fn the_viewer_is_needed_for_more_than_the_schema() {
    for (source, expected) in [
        ("{ __typename a: __typename }", false),
        (
            "{ ...f } fragment f on Query { __schema { queryType { name } } __type(name: \"A\") { name } }",
            false,
        ),
        ("{ __typename ... { viewer { id } } }", true),
        ("mutation { __typename }", false),
    ] {
        assert_eq!(complexity(source).unwrap().needs_viewer, expected, "{source}");
    }
}

#[test]
fn introspection_can_be_off() {
    let off = DocumentValidator { introspection: false, ..validator() };
    for (source, is_allowed) in [
        ("{ __typename viewer { __typename } }", true),
        ("{ __schema { queryType { name } } }", false),
        ("{ a: __type(name: \"Task\") { name } }", false),
        ("{ ...f } fragment f on Query { ... { __schema { queryType { name } } } }", false),
        ("mutation { createTask { query { __schema { queryType { name } } } } }", false),
    ] {
        let operation = off.parse(source, None).unwrap();
        let result = off.complexity(&operation, &Variables::default());
        assert_eq!(result.is_ok(), is_allowed, "{source}");
        if let Err(error) = result {
            assert_eq!(render(&error), "GRAPHQL_VALIDATION_FAILED introspection is off");
        }
    }
}

/// What graphql-js prints for `getIntrospectionQuery` with all its options, and GraphiQL sends.
#[test]
fn the_standard_introspection_query_passes() {
    let mut of_type = "kind name".to_owned();
    for _ in 0..9 {
        of_type = format!("kind name ofType {{ {of_type} }}");
    }
    let source = format!(
        "query IntrospectionQuery {{
          __schema {{
            description
            queryType {{ name kind }}
            mutationType {{ name kind }}
            subscriptionType {{ name kind }}
            types {{ ...FullType }}
            directives {{
              name description isRepeatable locations
              args(includeDeprecated: true) {{ ...InputValue }}
            }}
          }}
        }}
        fragment FullType on __Type {{
          kind name description specifiedByURL isOneOf
          fields(includeDeprecated: true) {{
            name description
            args(includeDeprecated: true) {{ ...InputValue }}
            type {{ ...TypeRef }}
            isDeprecated deprecationReason
          }}
          inputFields(includeDeprecated: true) {{ ...InputValue }}
          interfaces {{ ...TypeRef }}
          enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }}
          possibleTypes {{ ...TypeRef }}
        }}
        fragment InputValue on __InputValue {{
          name description type {{ ...TypeRef }} defaultValue isDeprecated deprecationReason
        }}
        fragment TypeRef on __Type {{ {of_type} }}"
    );
    let Complexity { cost, needs_viewer, .. } = complexity(&source).unwrap();
    assert_eq!((cost, needs_viewer), (0, false));
    assert_eq!(coercion_errors(&source, json!({})), "");
}
