//! Random selections: aliases, fields that come again, fragments of all kinds, directives.

use std::collections::BTreeMap;

use proptest::{
    bool::weighted,
    collection::vec,
    prelude::{BoxedStrategy, Just, Strategy},
    prop_oneof,
    sample::select,
    strategy::Union,
};

/// What may stand in a document beside what plans know.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "any of them may go with any other")]
pub struct Style {
    /// `@skip` and `@include`.
    pub directives: bool,
    /// Fields that are read by other ways than a row.
    pub strangers: bool,
    /// Different fields under the same key, which is refused, unless no object has both.
    pub clashes: bool,
    /// Objects of which nothing is selected, each under a key of its own.
    pub nothings: bool,
}

impl Style {
    pub fn has_empty_objects(self) -> bool {
        self.nothings || self.directives
    }
}

/// How documents are written: most of them so that a plan may answer.
pub fn style() -> impl Strategy<Value = Style> {
    (weighted(0.15), weighted(0.15), weighted(0.05), weighted(0.05)).prop_map(
        |(directives, strangers, clashes, nothings)| Style {
            directives,
            strangers,
            clashes: clashes && !nothings,
            nothings,
        },
    )
}

/// One thing that is selected.
#[derive(Clone, Debug)]
pub enum Item {
    Field { key: Option<String>, field: String, directive: &'static str, below: Vec<Item> },
    Fragment { on: Option<&'static str>, is_named: bool, directive: &'static str, below: Vec<Item> },
}

/// What is selected from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    TaskConnection,
    TaskEdge,
    PageInfo,
    Task,
    /// A task without what its row does not tell.
    TaskRow,
    Tag,
    TaskPayload,
    DeletePayload,
}

impl Type {
    pub fn name(self) -> &'static str {
        match self {
            Self::TaskConnection => "TaskConnection",
            Self::TaskEdge => "TaskEdge",
            Self::PageInfo => "PageInfo",
            Self::Task | Self::TaskRow => "Task",
            Self::Tag => "Tag",
            Self::TaskPayload => "TaskPayload",
            Self::DeletePayload => "DeletePayload",
        }
    }

    /// An interface that it has, with one of its fields, and another type that has it.
    fn interface(self) -> Option<(&'static str, &'static str, &'static str)> {
        match self {
            Self::Task | Self::TaskRow => Some(("Node", "id", "Tag { name color }")),
            Self::Tag => Some(("Node", "id", "Task { title }")),
            Self::TaskPayload => Some(("Payload", "cursor", "DeletePayload { deletedIds }")),
            Self::DeletePayload => Some(("Payload", "cursor", "TaskPayload { task { id } }")),
            _ => None,
        }
    }

    /// The fields that have none below.
    fn leaves(self) -> &'static [&'static str] {
        match self {
            Self::TaskConnection => &["totalCount", "__typename"],
            Self::PageInfo => {
                &["hasNextPage", "hasPreviousPage", "startCursor", "endCursor", "__typename"]
            }
            Self::Task | Self::TaskRow => &[
                "id",
                "title",
                "description",
                "completed",
                "completedAt",
                "priority",
                "dueOn",
                "dueAt",
                "position",
                "createdAt",
                "updatedAt",
                "deletedAt",
                "version",
                "__typename",
            ],
            Self::Tag => {
                &["id", "name", "color", "createdAt", "updatedAt", "version", "__typename"]
            }
            Self::TaskEdge | Self::TaskPayload => &["cursor", "__typename"],
            Self::DeletePayload => &["cursor", "deletedIds", "__typename"],
        }
    }

    /// The fields that have others below.
    fn branches(self) -> &'static [(&'static str, Self)] {
        match self {
            Self::TaskConnection => {
                &[("nodes", Self::Task), ("edges", Self::TaskEdge), ("pageInfo", Self::PageInfo)]
            }
            Self::TaskEdge => &[("node", Self::Task)],
            Self::Task => &[("tags", Self::Tag)],
            Self::TaskPayload => &[
                ("task", Self::TaskRow),
                ("task", Self::TaskRow),
                ("task", Self::TaskRow),
                ("task", Self::Task),
            ],
            _ => &[],
        }
    }

    /// What no row tells, as it is written.
    fn strangers(self) -> &'static [&'static str] {
        match self {
            Self::Task => &[
                "overdue",
                "list { id name }",
                "parent { id title }",
                "subtasks(first: 2) { totalCount nodes { title } }",
            ],
            Self::TaskPayload | Self::DeletePayload => {
                &["query { tasks(first: 1) { totalCount } }"]
            }
            _ => &[],
        }
    }
}

fn directive(style: Style) -> BoxedStrategy<&'static str> {
    const DIRECTIVES: [&str; 6] = [
        " @include(if: $yes)",
        " @skip(if: $no)",
        " @skip(if: false)",
        " @include(if: true)",
        " @include(if: false)",
        " @skip(if: $yes) @include(if: $yes)",
    ];
    if style.directives {
        prop_oneof![4 => Just(""), 1 => select(&DIRECTIVES[..])].boxed()
    } else {
        Just("").boxed()
    }
}

/// A response key: another one for each field, unless they may clash.
fn key(field: &'static str, style: Style) -> BoxedStrategy<Option<String>> {
    let own =
        select(&["a", "b", "_"][..]).prop_map(move |letter| Some(format!("{letter}_{field}")));
    if style.clashes {
        let other = select(&["title", "id"][..]).prop_map(|key| Some(key.to_owned()));
        prop_oneof![2 => Just(None), 1 => other].boxed()
    } else {
        prop_oneof![3 => Just(None), 1 => own].boxed()
    }
}

/// The key of an object. Where nothing may be selected of it, it is asked for in one place alone: what
/// the library makes of two depends on which one it has first.
fn key_of_object(field: &'static str, style: Style) -> BoxedStrategy<Option<String>> {
    if style.has_empty_objects() {
        (0..1_000_000).prop_map(move |number| Some(format!("{field}{number}"))).boxed()
    } else {
        key(field, style)
    }
}

fn leaf(ty: Type, style: Style) -> BoxedStrategy<Item> {
    let field = select(ty.leaves()).prop_flat_map(move |field| {
        (key(field, style), directive(style)).prop_map(move |(key, directive)| Item::Field {
            key,
            field: field.to_owned(),
            directive,
            below: vec![],
        })
    });
    field.boxed()
}

fn branch(ty: Type, style: Style, depth: u32) -> BoxedStrategy<Item> {
    let field = select(ty.branches()).prop_flat_map(move |(field, ty)| {
        (key_of_object(field, style), directive(style), selection(ty, style, depth)).prop_map(
            move |(key, directive, below)| Item::Field {
                key,
                field: field.to_owned(),
                directive,
                below,
            },
        )
    });
    field.boxed()
}

fn stranger(ty: Type, style: Style) -> BoxedStrategy<Item> {
    (select(ty.strangers()), directive(style))
        .prop_map(|(field, directive)| {
            // The directive stands before what is selected below.
            let (name, below) =
                field.split_once(" {").map_or((field, None), |(name, below)| (name, Some(below)));
            let field = match below {
                Some(below) => format!("{name}{directive} {{{below}"),
                None => format!("{name}{directive}"),
            };
            Item::Field { key: None, field, directive: "", below: vec![] }
        })
        .boxed()
}

fn fragment(ty: Type, style: Style, depth: u32) -> BoxedStrategy<Item> {
    let on = prop_oneof![1 => Just(None), 3 => Just(Some(ty.name()))];
    let same = (on, weighted(0.5), directive(style), selection(ty, style, depth)).prop_map(
        |(on, is_named, directive, below)| Item::Fragment {
            is_named: is_named && on.is_some(),
            on,
            directive,
            below,
        },
    );
    let Some((interface, field, other)) = ty.interface() else { return same.boxed() };
    let leaf = |field: &str| Item::Field {
        key: None,
        field: field.to_owned(),
        directive: "",
        below: vec![],
    };
    let back = (weighted(0.5), selection(ty, style, depth)).prop_map(move |(is_named, below)| {
        Item::Fragment { on: Some(ty.name()), is_named, directive: "", below }
    });
    let something = prop_oneof![2 => Just(leaf(field)), 1 => Just(leaf("__typename")), 2 => back];
    let of_another =
        weighted(0.2).prop_map(move |is_there| is_there.then(|| leaf(&format!("... on {other}"))));
    let through = (weighted(0.5), directive(style), something, of_another).prop_map(
        move |(is_named, directive, something, of_another)| {
            let below = [of_another, Some(something)].into_iter().flatten().collect();
            Item::Fragment { on: Some(interface), is_named, directive, below }
        },
    );
    prop_oneof![2 => same, 1 => through].boxed()
}

/// Some of what a type has.
pub fn selection(ty: Type, style: Style, depth: u32) -> BoxedStrategy<Vec<Item>> {
    let mut items = vec![(8, leaf(ty, style))];
    if !ty.branches().is_empty() {
        items.push((if ty == Type::Task { 2 } else { 16 }, branch(ty, style, depth)));
    }
    if depth > 0 {
        items.push((2, fragment(ty, style, depth - 1)));
    }
    if style.strangers && !ty.strangers().is_empty() {
        items.push((2, stranger(ty, style)));
    }
    let some = vec(Union::new_weighted(items), 1..6);
    match ty.interface() {
        Some((interface, _, other)) if style.nothings => {
            prop_oneof![1 => some, 1 => Just(nothing(interface, other))].boxed()
        }
        _ => some.boxed(),
    }
}

/// Fields that only another type has.
fn nothing(interface: &'static str, other: &str) -> Vec<Item> {
    let field = format!("... on {other}");
    let below = vec![Item::Field { key: None, field, directive: "", below: vec![] }];
    vec![Item::Fragment { on: Some(interface), is_named: false, directive: "", below }]
}

/// The text of a selection, and of the fragments that it names.
#[derive(Default)]
pub struct Writer {
    /// Their names, by what they are on and what they select: the same one is spread again.
    fragments: BTreeMap<(&'static str, String), String>,
}

impl Writer {
    pub fn selection(&mut self, items: &[Item]) -> String {
        let items: Vec<_> = items.iter().map(|item| self.item(item)).collect();
        format!("{{ {} }}", items.join(" "))
    }

    fn item(&mut self, item: &Item) -> String {
        match item {
            Item::Field { key, field, directive, below } => {
                let key = key.as_ref().map_or_else(String::new, |key| format!("{key}: "));
                let below = if below.is_empty() {
                    String::new()
                } else {
                    format!(" {}", self.selection(below))
                };
                format!("{key}{field}{directive}{below}")
            }
            Item::Fragment { on, is_named, directive, below } => {
                let below = self.selection(below);
                match on {
                    Some(on) if *is_named => {
                        let new = format!("F{}", self.fragments.len());
                        let name = self.fragments.entry((*on, below)).or_insert(new);
                        format!("...{name}{directive}")
                    }
                    Some(on) => format!("... on {on}{directive} {below}"),
                    None => format!("...{directive} {below}"),
                }
            }
        }
    }

    /// The definitions of the fragments.
    pub fn fragments(self) -> String {
        let definition = |((on, below), name)| format!("\nfragment {name} on {on} {below}");
        self.fragments.into_iter().map(definition).collect()
    }
}
