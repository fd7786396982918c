use async_graphql::{
    Variables,
    registry::{MetaField, MetaType, Registry},
};

use super::Plan;
use crate::{
    engine::document::{DocumentValidator, Limits},
    graphql::{registry, sdl},
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
    ("TaskPayload", "mutation { createTask(input: {title: \"a\"}) { … } }"),
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
    let validator = DocumentValidator::new(&sdl(), registry(), Limits::default(), true);
    for (ty, document) in TYPES {
        for field in leaves(&registry(), ty) {
            let operation = validator.parse(&document.replace('…', &field.name), None).unwrap();
            let operation = validator.validate(operation).unwrap();
            let fields = validator.collect_fields(&operation, &Variables::default()).unwrap();
            let plan = Plan::of(operation.kind(), &fields);
            let unplanned = UNPLANNED.iter().any(|it| (it.0, it.1) == (ty, &field.name));
            assert_eq!(plan.is_none(), unplanned, "{ty}.{}", field.name);
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
