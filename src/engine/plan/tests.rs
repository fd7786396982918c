use async_graphql::{
    Pos,
    registry::{MetaField, MetaType, MetaTypeName, Registry},
};

use super::{
    Plan,
    fields::{TagField, TaskField},
};
use crate::{
    engine::document::{CollectedField, DocumentValidator, Limits},
    graphql::registry,
    store::ColumnKind,
};

/// Fields that plans leave to the library, each with the reason.
const UNPLANNED: [(&str, &str, &str); 1] = [("Task", "overdue", "the viewer's day decides")];

/// The types whose fields plans show, each with a document in which `…` stands for one of them.
const TYPES: [(&str, &str); 7] = [
    ("Task", "{ task(id: 1) { … } }"),
    ("Tag", "{ task(id: 1) { tags { … } } }"),
    ("TaskConnection", "{ tasks { … } }"),
    ("TaskEdge", "{ tasks { edges { … } } }"),
    ("PageInfo", "{ tasks { pageInfo { … } } }"),
    ("TaskPayload", "mutation { createTask(input: {title: 1}) { … } }"),
    ("DeletePayload", "mutation { deleteTask(input: {id: 1}) { … } }"),
];

/// The scalars and enums among the fields of a type.
fn leaves<'r>(registry: &'r Registry, ty: &str) -> impl Iterator<Item = &'r MetaField> {
    let is_leaf = |field: &&MetaField| {
        let ty = registry.concrete_type_by_name(&field.ty);
        ty.is_some_and(|ty| matches!(ty, MetaType::Scalar { .. } | MetaType::Enum { .. }))
    };
    registry.types[ty].fields().unwrap().values().filter(is_leaf)
}

#[test]
fn each_scalar_field_is_planned() {
    let validator = DocumentValidator::new(registry(), Limits::default(), true);
    for (ty, document) in TYPES {
        for field in leaves(&registry(), ty) {
            let document = validator.parse(&document.replace('…', &field.name)).unwrap();
            let plan = Plan::of(&validator, &document.operation(None).unwrap());
            let unplanned = UNPLANNED.iter().any(|it| (it.0, it.1) == (ty, &field.name));
            assert_eq!(plan.is_none(), unplanned, "{ty}.{}", field.name);
        }
    }
}

#[test]
fn a_field_that_is_shown_as_its_column_has_the_type_of_the_column() {
    let registry = registry();
    for ty in ["Task", "Tag"] {
        for MetaField { name, ty: field_type, .. } in leaves(&registry, ty) {
            let selections = Vec::new();
            let field = &CollectedField {
                key: name,
                name,
                pos: Pos::default(),
                arguments: &[],
                selections,
            };
            let kind = match (ty, TaskField::of(field), TagField::of(field)) {
                ("Task", Some(TaskField::Column(column)), _) => ColumnKind::of(column),
                ("Tag", _, Some(TagField::Column(column))) => ColumnKind::of(column),
                _ => continue,
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
fn each_argument_of_a_planned_root_field_is_read() {
    let registry = registry();
    for (field, read) in [
        ("task", &["id"][..]),
        ("tasks", &["after", "before", "filter", "first", "last", "orderBy"]),
    ] {
        let mut arguments: Vec<_> =
            registry.types["Query"].field_by_name(field).unwrap().args.keys().collect();
        arguments.sort_unstable();
        assert_eq!(arguments, read, "{field}");
    }
}
