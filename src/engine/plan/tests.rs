use async_graphql::{
    Pos, Variables,
    registry::{MetaField, MetaInputValue, MetaType, MetaTypeName, Registry},
};

use super::{
    Plan,
    related::RequiredOfTasks,
    row::{ColumnField, RowField, Table},
    task::TaskField,
};
use crate::{
    engine::document::{CollectedField, DocumentValidator, Limits},
    graphql::{self, registry},
    store::{ColumnKind, ListEntity, Projection, TagEntity},
};

/// The object types, each with a document in which `…` stands for one of its fields.
const TYPES: [(&str, &str); 27] = [
    ("Query", "{ … }"),
    ("Mutation", "mutation { … }"),
    ("User", "{ viewer { … } }"),
    ("Session", "{ viewer { session { … } } }"),
    ("Task", "{ task(id: 1) { … } }"),
    ("Tag", "{ tag(id: 1) { … } }"),
    ("TaskList", "{ list(id: 1) { … } }"),
    ("TaskConnection", "{ tasks { … } }"),
    ("TaskEdge", "{ tasks { edges { … } } }"),
    ("TagConnection", "{ tags { … } }"),
    ("TagEdge", "{ tags { edges { … } } }"),
    ("TaskListConnection", "{ lists { … } }"),
    ("TaskListEdge", "{ lists { edges { … } } }"),
    ("PageInfo", "{ tasks { pageInfo { … } } }"),
    ("ChangePage", "{ changes { … } }"),
    ("Change", "{ changes { changes { … } } }"),
    ("TaskPayload", "mutation { createTask(input: {title: 1}) { … } }"),
    ("TagPayload", "mutation { createTag(input: {name: 1}) { … } }"),
    ("TaskListPayload", "mutation { createList(input: {name: 1}) { … } }"),
    ("DeletePayload", "mutation { deleteTask(input: {id: 1}) { … } }"),
    ("ViewerPayload", "mutation { updateViewer(input: {}) { … } }"),
    ("SignOutPayload", "mutation { signOut(input: {}) { … } }"),
    ("BatchPayload", "mutation { batch(input: {operations: []}) { … } }"),
    ("BatchResult", "mutation { batch(input: {operations: []}) { results { … } } }"),
    ("BatchError", "mutation { batch(input: {operations: []}) { results { error { … } } } }"),
    // Of objects of any type.
    ("Node", "{ node(id: 1) { … } }"),
    ("Payload", "mutation { createTask(input: {title: 1}) { ... on Payload { … } } }"),
];

/// The types that no plan knows.
const UNPLANNED: [&str; 1] = ["Subscription"];

/// A field as a document selects it.
fn selected(registry: &Registry, field: &MetaField) -> String {
    let argument = |MetaInputValue { name, ty, .. }: &MetaInputValue| match ty.as_str() {
        "ID!" => Some(format!("{name}: 1")),
        "[ID!]!" => Some(format!("{name}: [1]")),
        _ if ty.ends_with('!') && name == "input" => Some(format!("{name}: {{}}")),
        _ => None,
    };
    let arguments: Vec<_> = field.args.values().filter_map(argument).collect();
    let arguments =
        if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(" ")) };
    let is_composite =
        registry.concrete_type_by_name(&field.ty).is_some_and(MetaType::is_composite);
    let selections = if is_composite { " { __typename }" } else { "" };
    format!("{}{arguments}{selections}", field.name)
}

fn is_planned(validator: &DocumentValidator, document: &str) -> bool {
    let document = validator.parse(document).unwrap();
    let operation = document.operation(None).unwrap();
    Plan::of(validator, &operation, &Variables::default()).is_some()
}

#[test]
fn each_field_of_each_type_is_planned() {
    let registry = registry();
    let validator = DocumentValidator::new(graphql::registry(), Limits::default(), true);
    for (ty, document) in TYPES {
        let fields = registry.types[ty].fields().unwrap().values();
        let fields = fields.map(|field| selected(&registry, field));
        for field in fields.chain(["__typename".to_owned()]) {
            let document = document.replace('…', &field);
            assert!(is_planned(&validator, &document), "{document}");
        }
    }
    let is_output = |ty: &&MetaType| {
        matches!(ty, MetaType::Object { .. } | MetaType::Interface { .. } | MetaType::Union { .. })
    };
    for ty in registry.types.values().filter(is_output).map(MetaType::name) {
        let is_known = TYPES.iter().any(|(known, _)| *known == ty) || UNPLANNED.contains(&ty);
        assert!(is_known || ty.starts_with("__"), "{ty} has to be planned, and to stand in TYPES");
    }
}

#[test]
fn introspection_and_unknown_directives_are_not_planned() {
    let validator = DocumentValidator::new(registry(), Limits::default(), true);
    for document in [
        "{ __schema { queryType { name } } }",
        "{ viewer { id } __type(name: 1) { name } }",
        "{ viewer { id ... on User { nothing } } }",
        "{ viewer { ... on Node { ... on Task { title } } } }",
        "subscription { changes { cursor } }",
    ] {
        assert!(!is_planned(&validator, document), "{document}");
    }
    for document in ["{ viewer @foo { id } }", "{ viewer { id @include } }"] {
        let document = validator.parse(document).unwrap();
        assert_eq!(document.operation(None).unwrap().directive_variables(), None);
    }
}

/// The scalars and enums among the fields of a type.
fn leaves<'r>(registry: &'r Registry, ty: &str) -> impl Iterator<Item = &'r MetaField> {
    let is_leaf = |field: &&MetaField| {
        let ty = registry.concrete_type_by_name(&field.ty);
        ty.is_some_and(|ty| matches!(ty, MetaType::Scalar { .. } | MetaType::Enum { .. }))
    };
    registry.types[ty].fields().unwrap().values().filter(is_leaf)
}

fn column_kind<T: Table>(field: &CollectedField<'_>) -> Option<ColumnKind> {
    match ColumnField::<T>::of(field, &mut Projection::default()) {
        Some(ColumnField::Column(column)) => ColumnKind::of(column),
        _ => None,
    }
}

#[test]
fn a_field_that_is_shown_as_its_column_has_the_type_of_the_column() {
    let registry = registry();
    for ty in ["Task", "Tag", "TaskList"] {
        for MetaField { name, ty: field_type, .. } in leaves(&registry, ty) {
            let selections = Vec::new();
            let field = &CollectedField {
                key: name,
                name,
                pos: Pos::default(),
                arguments: &[],
                selections,
            };
            let kind = match ty {
                "Tag" => column_kind::<TagEntity>(field),
                "TaskList" => column_kind::<ListEntity>(field),
                _ => match TaskField::of(field, &mut RequiredOfTasks::default()) {
                    Some(TaskField::Column(column)) => ColumnKind::of(column),
                    _ => continue,
                },
            };
            let shown: &[ColumnKind] = match MetaTypeName::concrete_typename(field_type) {
                "ID" => &[ColumnKind::Id],
                "String" => &[ColumnKind::Text],
                "Int" => &[ColumnKind::SmallInteger, ColumnKind::Integer],
                "Date" => &[ColumnKind::Date],
                "DateTime" => &[ColumnKind::Timestamp],
                _ => &[],
            };
            assert!(kind.is_some_and(|kind| shown.contains(&kind)), "{ty}.{name}: {kind:?}");
        }
    }
}

#[test]
fn each_argument_of_a_planned_field_is_read() {
    let registry = registry();
    let page = ["after", "before", "first", "last"];
    let tasks = [&page[..], &["filter", "orderBy"]].concat();
    let lists = [&page[..], &["includeArchived"]].concat();
    for (ty, field, read) in [
        ("Query", "node", &["id"][..]),
        ("Query", "nodes", &["ids"]),
        ("Query", "task", &["id"]),
        ("Query", "tag", &["id"]),
        ("Query", "list", &["id"]),
        ("Query", "tasks", &tasks),
        ("Query", "tags", &page),
        ("Query", "lists", &lists),
        ("Query", "changes", &["first", "since"]),
        ("Task", "subtasks", &tasks),
    ] {
        let field = registry.types[ty].field_by_name(field).unwrap();
        let mut arguments: Vec<_> = field.args.keys().map(String::as_str).collect();
        let mut read = read.to_vec();
        arguments.sort_unstable();
        read.sort_unstable();
        assert_eq!(arguments, read, "{}", field.name);
    }
    let with_arguments = |ty: &MetaType| {
        let fields = ty.fields().into_iter().flat_map(|fields| fields.values());
        fields.filter(|field| !field.args.is_empty()).count()
    };
    let all =
        ["User", "Session", "Task", "Tag", "TaskList", "TaskConnection", "ChangePage", "Change"];
    assert_eq!(all.iter().map(|ty| with_arguments(&registry.types[*ty])).sum::<usize>(), 1);
    assert_eq!(with_arguments(&registry.types["Query"]), 9);
}
