//! What a field can bring back, counted in objects.

use std::collections::HashSet;

use async_graphql::{
    OutputType,
    registry::{MetaField, MetaType, MetaTypeName, Registry},
};

use crate::{
    graphql::{
        id::MAX_IDS,
        page::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE},
        types::batch::{BatchResult, MAX_OPERATIONS},
    },
    store::MOST_TAGS,
};

/// The types that stand between a page and its nodes: they cost nothing themselves, since the page
/// counts each node once, whether it is asked for through `nodes`, through `edges`, or both.
pub(super) struct PageTypes {
    /// Connections, and whatever else a field with `first` returns.
    pages: HashSet<String>,
    /// Edges: what pages list instead of the nodes themselves.
    edges: HashSet<String>,
}

/// What one field brings back.
#[derive(Clone, Copy)]
pub(super) struct FieldCost {
    /// How many values of its type.
    count: u64,
    /// The objects that each of them is.
    own: u64,
}

impl FieldCost {
    /// One value that is no object.
    pub(super) const SCALAR: Self = Self { count: 1, own: 0 };

    /// Objects in all, where each value has so many below it.
    pub(super) fn objects(self, below: u64) -> u64 {
        self.count.saturating_mul(below.saturating_add(self.own))
    }

    /// Fields in all, where each value has so many below it.
    pub(super) fn values(self, below: u64) -> u64 {
        self.count.saturating_mul(below.saturating_add(1))
    }
}

impl PageTypes {
    pub(super) fn new(registry: &Registry) -> Self {
        let is_wrapper = |name: &str| {
            matches!(registry.types.get(name), Some(MetaType::Object { .. }))
                && !is_node(registry, name)
        };
        let pages: HashSet<_> = all_fields(registry.types.values())
            .filter(|field| field.args.contains_key("first"))
            .map(type_name)
            .filter(|name| is_wrapper(name))
            .map(ToOwned::to_owned)
            .collect();
        let edges = all_fields(pages.iter().filter_map(|name| registry.types.get(name)))
            .filter(|field| is_list(field))
            .map(type_name)
            .filter(|name| is_wrapper(name))
            .map(ToOwned::to_owned)
            .collect();
        Self { pages, edges }
    }

    /// How many things a field brings back; `asked` is the larger of `first` and `last`, or the number of
    /// `ids`.
    pub(super) fn cost_of(
        &self,
        registry: &Registry,
        parent: &MetaType,
        field: &MetaField,
        asked: Option<i64>,
    ) -> FieldCost {
        let ty = type_name(field);
        let own = u64::from(is_node(registry, ty));
        if field.args.contains_key("ids") {
            let asked = asked.and_then(|count| u64::try_from(count).ok());
            let count = asked.unwrap_or(MAX_IDS as u64).min(MAX_IDS as u64);
            FieldCost { count, own }
        } else if field.args.contains_key("first") || self.pages.contains(ty) {
            FieldCost { count: page_size(field, asked), own: 1 }
        } else if self.is_wrapper(parent.name()) && (own == 1 || self.is_wrapper(ty)) {
            FieldCost { count: 1, own: 0 }
        } else {
            let count = match is_list(field) {
                true if ty == BatchResult::type_name() => MAX_OPERATIONS as u64,
                // The longest list that is neither a page nor a batch is that of a task's tags.
                true => MOST_TAGS as u64,
                false => 1,
            };
            FieldCost { count, own }
        }
    }

    fn is_wrapper(&self, name: &str) -> bool {
        self.pages.contains(name) || self.edges.contains(name)
    }
}

/// A page that takes no `first`, such as the messages of a subscription, may be as large as any.
fn page_size(field: &MetaField, asked: Option<i64>) -> u64 {
    let Some(first) = field.args.get("first") else { return MAX_PAGE_SIZE };
    let default = first.default_value.as_ref().and_then(|text| text.parse().ok());
    let default = default.unwrap_or(DEFAULT_PAGE_SIZE);
    asked.map_or(default, |n| u64::try_from(n).unwrap_or(0)).min(default.max(MAX_PAGE_SIZE))
}

fn all_fields<'a>(
    types: impl Iterator<Item = &'a MetaType>,
) -> impl Iterator<Item = &'a MetaField> {
    types.filter_map(MetaType::fields).flat_map(|fields| fields.values())
}

fn is_node(registry: &Registry, name: &str) -> bool {
    name == "Node" || registry.types.get("Node").is_some_and(|node| node.is_possible_type(name))
}

fn is_list(field: &MetaField) -> bool {
    MetaTypeName::create(&field.ty).is_list()
}

fn type_name(field: &MetaField) -> &str {
    MetaTypeName::concrete_typename(&field.ty)
}
