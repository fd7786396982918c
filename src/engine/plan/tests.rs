use async_graphql::{
    Variables,
    registry::{MetaField, MetaInputValue, MetaType, MetaTypeName, Registry},
};

use super::{
    Plan,
    related::RequiredOfTasks,
    row::{ColumnField, RowField, Table},
    task::TaskField,
};
use crate::{
    engine::document::{CollectedField, DocumentValidator, Limits, ObjectFields, OperationType},
    graphql::{self, registry},
    store::{ColumnKind, ListEntity, Projection, TagEntity},
};

/// The object types, each with a document in which `…` stands for one of its fields.
const TYPES: [(&str, &str); 28] = [
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
    ("RateLimit", "{ rateLimit { … } }"),
    ("ChangePage", "{ changes { … } }"),
    ("Change", "{ changes { changes { … } } }"),
    ("TaskPayload", "mutation { createTask(input: {title: \"a\"}) { … } }"),
    ("TagPayload", "mutation { createTag(input: {name: \"a\"}) { … } }"),
    ("TaskListPayload", "mutation { createList(input: {name: \"a\"}) { … } }"),
    ("DeletePayload", "mutation { deleteTask(input: {id: 1}) { … } }"),
    ("ViewerPayload", "mutation { updateViewer(input: {}) { … } }"),
    ("SignOutPayload", "mutation { signOut(input: {}) { … } }"),
    ("BatchPayload", "mutation { batch(input: {operations: []}) { … } }"),
    ("BatchResult", "mutation { batch(input: {operations: []}) { results { … } } }"),
    ("BatchError", "mutation { batch(input: {operations: []}) { results { error { … } } } }"),
    // Of objects of any type.
    ("Node", "{ node(id: 1) { … } }"),
    ("Payload", "mutation { createTask(input: {title: \"a\"}) { ... on Payload { … } } }"),
];

/// The types that no plan knows.
const UNPLANNED: [&str; 1] = ["Subscription"];

/// A value of that type.
fn literal(registry: &Registry, ty: &str) -> String {
    match (MetaTypeName::create(ty), registry.concrete_type_by_name(ty)) {
        (MetaTypeName::NonNull(ty), _) => literal(registry, ty),
        (MetaTypeName::List(ty), _) => format!("[{}]", literal(registry, ty)),
        (_, Some(MetaType::InputObject { input_fields, oneof: true, .. })) => {
            let field = &input_fields[0];
            format!("{{{}: {}}}", field.name, literal(registry, &field.ty))
        }
        (_, Some(MetaType::InputObject { input_fields, .. })) => {
            format!("{{{}}}", required(registry, input_fields.values()))
        }
        (MetaTypeName::Named("ID"), _) => "1".to_owned(),
        _ => "\"a\"".to_owned(),
    }
}

/// Those of the arguments or input fields that are required.
fn required<'r>(registry: &Registry, values: impl Iterator<Item = &'r MetaInputValue>) -> String {
    let required = values.filter(|it| it.ty.ends_with('!') && it.default_value.is_none());
    let written = required.map(|it| format!("{}: {}", it.name, literal(registry, &it.ty)));
    written.collect::<Vec<_>>().join(" ")
}

/// A field as a document selects it.
fn selected(registry: &Registry, field: &MetaField) -> String {
    let arguments = required(registry, field.args.values());
    let arguments = if arguments.is_empty() { arguments } else { format!("({arguments})") };
    let is_composite =
        registry.concrete_type_by_name(&field.ty).is_some_and(MetaType::is_composite);
    let selections = if is_composite { " { __typename }" } else { "" };
    format!("{}{arguments}{selections}", field.name)
}

fn validator() -> DocumentValidator {
    DocumentValidator::new(&graphql::sdl(), registry(), Limits::default(), true)
}

fn collected(document: &str) -> (OperationType, ObjectFields) {
    let validator = validator();
    let operation = validator.validate(validator.parse(document, None).unwrap()).unwrap();
    let fields = validator.collect_fields(&operation, &Variables::default()).unwrap();
    (operation.kind(), fields)
}

fn is_planned(document: &str) -> bool {
    let (kind, fields) = collected(document);
    Plan::of(kind, &fields).is_some()
}

#[test]
fn each_field_of_each_type_is_planned() {
    let registry = registry();
    for (ty, document) in TYPES {
        let fields = registry.types[ty].fields().unwrap().values();
        let fields = fields.map(|field| selected(&registry, field));
        for field in fields.chain(["__typename".to_owned()]) {
            let document = document.replace('…', &field);
            assert!(is_planned(&document), "{document}");
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
fn introspection_and_subscriptions_are_not_planned() {
    for document in [
        "{ __schema { queryType { name } } }",
        "{ viewer { id } __type(name: \"Task\") { name } }",
        "subscription { changes { cursor } }",
    ] {
        assert!(!is_planned(document), "{document}");
    }
    assert!(is_planned("{ viewer { id @skip(if: true) } }"), "an object without fields");
}

/// The scalars and enums among the fields of a type.
fn leaves<'r>(registry: &'r Registry, ty: &str) -> impl Iterator<Item = &'r MetaField> {
    let is_leaf = |field: &&MetaField| {
        let ty = registry.concrete_type_by_name(&field.ty);
        ty.is_some_and(|ty| matches!(ty, MetaType::Scalar { .. } | MetaType::Enum { .. }))
    };
    registry.types[ty].fields().unwrap().values().filter(is_leaf)
}

fn column_kind<T: Table>(field: &CollectedField) -> Option<ColumnKind> {
    match ColumnField::<T>::of(field, &mut Projection::default()) {
        Some(ColumnField::Column(column)) => ColumnKind::of(column),
        _ => None,
    }
}

#[test]
fn a_field_that_is_shown_as_its_column_has_the_type_of_the_column() {
    let registry = registry();
    for (ty, root) in [("Task", "task"), ("Tag", "tag"), ("TaskList", "list")] {
        for MetaField { name, ty: field_type, .. } in leaves(&registry, ty) {
            let (_, query) = collected(&format!("{{ {root}(id: 1) {{ {name} }} }}"));
            let field = &query.fields[0].fields()[0];
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
