//! What a field can bring back, counted in objects.

use std::collections::HashSet;

use apollo_compiler::{
    Name, Schema,
    ast::FieldDefinition,
    name,
    schema::{ExtendedType, NamedType},
};
use async_graphql::OutputType;

use crate::{
    graphql::{
        id::MAX_IDS,
        page::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE},
        types::{
            batch::{BatchResult, MAX_OPERATIONS},
            task::Task,
        },
        validate::{DESCRIPTION, TITLE},
    },
    store::MOST_TAGS,
};

/// A value counts once if it is no longer than the longest title. A description counts as the longest titles
/// that fit into it: texts are most of a large response, and what they could be is known before it is read.
const DESCRIPTION_VALUES: u64 = (DESCRIPTION / TITLE) as u64;
/// The ids of all tasks that a user may have by default count as the longest titles of as many bytes (four for
/// each character). The results of a batch share them.
const DELETED_IDS_VALUES: u64 =
    100_000 * "\"00000000-0000-0000-0000-000000000000\"".len() as u64 / (4 * TITLE as u64);

/// The types that stand between a page and its nodes: they cost nothing themselves, since the page
/// counts each node once, whether it is asked for through `nodes`, through `edges`, or both.
pub(super) struct PageTypes {
    /// Connections, and whatever else a field with `first` returns.
    pages: HashSet<Name>,
    /// Edges: what pages list instead of the nodes themselves.
    edges: HashSet<Name>,
    /// What counts: the interface `Node` and its types.
    nodes: HashSet<Name>,
}

/// What one field brings back.
#[derive(Clone, Copy)]
pub(super) struct FieldCost {
    /// How many values of its type, or as how many it counts because it can be long.
    count: u64,
    /// The objects that each of them is.
    own: u64,
}

impl FieldCost {
    /// Objects in all, where each value has so many below it.
    pub(super) fn objects(self, below: u64) -> u64 {
        self.count.saturating_mul(below.saturating_add(self.own))
    }

    /// Fields in all, where each value has so many below it. A page without rows has fields of its own.
    pub(super) fn values(self, below: u64) -> u64 {
        self.count.max(1).saturating_mul(below.saturating_add(1))
    }
}

impl PageTypes {
    pub(super) fn new(schema: &Schema) -> Self {
        let node = name!("Node");
        let objects = schema.types.values().filter_map(ExtendedType::as_object);
        let of_node = objects.filter(|object| object.implements_interfaces.contains(&node));
        let nodes: HashSet<_> =
            of_node.map(|object| object.name.clone()).chain([name!("Node")]).collect();
        let is_wrapper = |name: &Name| schema.get_object(name).is_some() && !nodes.contains(name);
        let wrappers = |fields: &mut dyn Iterator<Item = &FieldDefinition>| {
            fields.map(|field| field.ty.inner_named_type().clone()).filter(is_wrapper).collect()
        };
        let takes_first = |field: &&FieldDefinition| field.argument_by_name("first").is_some();
        let pages: HashSet<_> =
            wrappers(&mut schema.types.values().flat_map(fields).filter(takes_first));
        let of_pages = pages.iter().filter_map(|name| schema.types.get(name)).flat_map(fields);
        let edges = wrappers(&mut of_pages.filter(|field| field.ty.is_list()));
        Self { pages, edges, nodes }
    }

    /// How many things a field brings back; `asked` is the larger of `first` and `last`, or the number of
    /// `ids`.
    pub(super) fn cost_of(
        &self,
        parent: &NamedType,
        field: &FieldDefinition,
        asked: Option<i64>,
    ) -> FieldCost {
        let ty = field.ty.inner_named_type();
        let own = u64::from(self.nodes.contains(ty));
        if field.name == "description" && *parent == *Task::type_name() {
            FieldCost { count: DESCRIPTION_VALUES, own }
        } else if field.name == "deletedIds" {
            let is_one_of_many = *parent == *BatchResult::type_name();
            let share = if is_one_of_many { MAX_OPERATIONS as u64 } else { 1 };
            FieldCost { count: DELETED_IDS_VALUES / share, own }
        } else if field.argument_by_name("ids").is_some() {
            let asked = asked.and_then(|count| u64::try_from(count).ok());
            let count = asked.unwrap_or(MAX_IDS as u64).min(MAX_IDS as u64);
            FieldCost { count, own }
        } else if field.argument_by_name("first").is_some() || self.pages.contains(ty) {
            FieldCost { count: page_size(field, asked), own: 1 }
        } else if self.is_wrapper(parent) && (own == 1 || self.is_wrapper(ty)) {
            FieldCost { count: 1, own: 0 }
        } else if !field.ty.is_list() || ty.starts_with("__") {
            FieldCost { count: 1, own }
        } else if *ty == *BatchResult::type_name() {
            FieldCost { count: MAX_OPERATIONS as u64, own }
        } else {
            // The longest list that is neither a page nor a batch is that of a task's tags.
            FieldCost { count: MOST_TAGS as u64, own }
        }
    }

    fn is_wrapper(&self, name: &NamedType) -> bool {
        self.pages.contains(name) || self.edges.contains(name)
    }
}

/// A page that takes no `first`, such as the messages of a subscription, may be as large as any.
fn page_size(field: &FieldDefinition, asked: Option<i64>) -> u64 {
    let Some(first) = field.argument_by_name("first") else { return MAX_PAGE_SIZE };
    let default = first.default_value.as_ref().and_then(|value| value.to_i32());
    let default = default.and_then(|rows| u64::try_from(rows).ok()).unwrap_or(DEFAULT_PAGE_SIZE);
    asked.map_or(default, |n| u64::try_from(n).unwrap_or(0)).min(default.max(MAX_PAGE_SIZE))
}

fn fields(ty: &ExtendedType) -> impl Iterator<Item = &FieldDefinition> {
    let fields = match ty {
        ExtendedType::Object(object) => Some(&object.fields),
        ExtendedType::Interface(interface) => Some(&interface.fields),
        _ => None,
    };
    fields.into_iter().flat_map(|fields| fields.values()).map(|field| &**field)
}
