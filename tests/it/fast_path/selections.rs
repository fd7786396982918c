//! Random selections: aliases, fields that come again, fragments of all kinds, directives.

mod types;

use std::collections::BTreeMap;

use proptest::{
    bool::weighted,
    collection::vec,
    prelude::{BoxedStrategy, Just, Strategy},
    prop_oneof,
    sample::select,
    strategy::Union,
};

pub use self::types::Type;

/// What a document may contain.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "any of them may go with any other")]
pub struct Style {
    /// `@skip` and `@include`.
    pub directives: bool,
    /// Different fields under the same response key: an error, unless no object has both.
    pub conflicts: bool,
    /// Objects without any selected field, each under its own response key.
    pub empty_objects: bool,
    /// The cursors of pages. They hold ids.
    pub cursors: bool,
}

impl Style {
    pub fn has_empty_objects(self) -> bool {
        self.empty_objects || self.directives
    }
}

/// The style of a document; most are such that a plan may answer.
pub fn style() -> impl Strategy<Value = Style> {
    (weighted(0.2), weighted(0.05), weighted(0.05)).prop_map(
        |(directives, conflicts, empty_objects)| Style {
            directives,
            conflicts: conflicts && !empty_objects,
            empty_objects,
            cursors: true,
        },
    )
}

/// A field or a fragment.
#[derive(Clone, Debug)]
pub enum Selection {
    Field {
        key: Option<String>,
        field: String,
        directive: &'static str,
        selections: Vec<Selection>,
    },
    Fragment {
        on: Option<&'static str>,
        is_named: bool,
        directive: &'static str,
        selections: Vec<Selection>,
    },
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

/// A response key: different for each field, unless conflicts are wanted.
fn key(field: &'static str, style: Style) -> BoxedStrategy<Option<String>> {
    let own =
        select(&["a", "b", "_"][..]).prop_map(move |letter| Some(format!("{letter}_{field}")));
    if style.conflicts {
        let other = select(&["title", "id"][..]).prop_map(|key| Some(key.to_owned()));
        prop_oneof![2 => Just(None), 1 => other].boxed()
    } else {
        prop_oneof![3 => Just(None), 1 => own].boxed()
    }
}

/// The response key of an object. Where its selection may be empty, the key is unique: how
/// async-graphql merges two such objects depends on their order.
fn key_of_object(field: &'static str, style: Style) -> BoxedStrategy<Option<String>> {
    if style.has_empty_objects() {
        (0..1_000_000).prop_map(move |number| Some(format!("{field}{number}"))).boxed()
    } else {
        key(field, style)
    }
}

fn leaf(ty: Type, style: Style) -> BoxedStrategy<Selection> {
    let field =
        select(ty.leaves(style)).prop_flat_map(move |field| {
            (key(field, style), directive(style)).prop_map(move |(key, directive)| {
                Selection::Field { key, field: field.to_owned(), directive, selections: vec![] }
            })
        });
    field.boxed()
}

fn branch(ty: Type, style: Style, depth: u32) -> BoxedStrategy<Selection> {
    let field = select(ty.branches(style)).prop_flat_map(move |(name, field, ty)| {
        (key_of_object(name, style), directive(style), selection(ty, style, depth)).prop_map(
            move |(key, directive, selections)| {
                let key = key.or_else(|| (!field.starts_with(name)).then(|| name.to_owned()));
                Selection::Field { key, field: field.to_owned(), directive, selections }
            },
        )
    });
    field.boxed()
}

/// A fragment on one of the types that an object may have.
fn fragment_on_type(ty: Type, style: Style, depth: u32) -> BoxedStrategy<Selection> {
    let fragment = select(ty.possible_types()).prop_flat_map(move |ty| {
        (weighted(0.5), directive(style), selection(ty, style, depth)).prop_map(
            move |(is_named, directive, selections)| Selection::Fragment {
                on: Some(ty.name()),
                is_named,
                directive,
                selections,
            },
        )
    });
    fragment.boxed()
}

fn fragment(ty: Type, style: Style, depth: u32) -> BoxedStrategy<Selection> {
    let on = prop_oneof![1 => Just(None), 3 => Just(Some(ty.name()))];
    let same = (on, weighted(0.5), directive(style), selection(ty, style, depth)).prop_map(
        |(on, is_named, directive, selections)| Selection::Fragment {
            is_named: is_named && on.is_some(),
            on,
            directive,
            selections,
        },
    );
    let Some((interface, field, other)) = ty.interface() else { return same.boxed() };
    let leaf = field_of;
    let back =
        (weighted(0.5), selection(ty, style, depth)).prop_map(move |(is_named, selections)| {
            Selection::Fragment { on: Some(ty.name()), is_named, directive: "", selections }
        });
    let something = prop_oneof![2 => Just(leaf(field)), 1 => Just(leaf("__typename")), 2 => back];
    let of_another =
        weighted(0.2).prop_map(move |is_there| is_there.then(|| leaf(&format!("... on {other}"))));
    let through = (weighted(0.5), directive(style), something, of_another).prop_map(
        move |(is_named, directive, something, of_another)| {
            let selections = [of_another, Some(something)].into_iter().flatten().collect();
            Selection::Fragment { on: Some(interface), is_named, directive, selections }
        },
    );
    prop_oneof![2 => same, 1 => through].boxed()
}

/// A selection set of a type.
pub fn selection(ty: Type, style: Style, depth: u32) -> BoxedStrategy<Vec<Selection>> {
    let mut items = vec![(8, leaf(ty, style))];
    if depth > 0 {
        if !ty.branches(style).is_empty() {
            items.push((if ty == Type::Task { 3 } else { 16 }, branch(ty, style, depth - 1)));
        }
        if !ty.possible_types().is_empty() {
            items.push((16, fragment_on_type(ty, style, depth - 1)));
        }
        items.push((2, fragment(ty, style, depth - 1)));
    }
    let some = vec(Union::new_weighted(items), 1..6).boxed();
    match ty.interface() {
        // How async-graphql merges two objects, one of them without fields, depends on their order. So an
        // object of any type always has a field.
        _ if ty == Type::Node => (select(ty.leaves(style)), some)
            .prop_map(|(leaf, mut some)| {
                some.push(field_of(leaf));
                some
            })
            .boxed(),
        Some((interface, _, other)) if style.empty_objects => {
            prop_oneof![1 => some, 1 => Just(empty_object(interface, other))].boxed()
        }
        _ => some,
    }
}

/// A field as it is.
fn field_of(field: &str) -> Selection {
    Selection::Field { key: None, field: field.to_owned(), directive: "", selections: vec![] }
}

/// Only fields of another type: an empty object.
fn empty_object(interface: &'static str, other: &str) -> Vec<Selection> {
    let selections = vec![field_of(&format!("... on {other}"))];
    vec![Selection::Fragment { on: Some(interface), is_named: false, directive: "", selections }]
}

/// The text of a selection, and of the fragments that it names.
#[derive(Default)]
pub struct Writer {
    /// Their names by type and selection set: the same fragment is spread again.
    fragments: BTreeMap<(&'static str, String), String>,
}

impl Writer {
    pub fn selection(&mut self, items: &[Selection]) -> String {
        let items: Vec<_> = items.iter().map(|item| self.write(item)).collect();
        format!("{{ {} }}", items.join(" "))
    }

    fn write(&mut self, selection: &Selection) -> String {
        match selection {
            Selection::Field { key, field, directive, selections } => {
                let key = key.as_ref().map_or_else(String::new, |key| format!("{key}: "));
                let selections = if selections.is_empty() {
                    String::new()
                } else {
                    format!(" {}", self.selection(selections))
                };
                format!("{key}{field}{directive}{selections}")
            }
            Selection::Fragment { on, is_named, directive, selections } => {
                let selections = self.selection(selections);
                match on {
                    Some(on) if *is_named => {
                        let new = format!("F{}", self.fragments.len());
                        let name = self.fragments.entry((*on, selections)).or_insert(new);
                        format!("...{name}{directive}")
                    }
                    Some(on) => format!("... on {on}{directive} {selections}"),
                    None => format!("...{directive} {selections}"),
                }
            }
        }
    }

    /// The definitions of the fragments.
    pub fn fragments(self) -> String {
        let definition =
            |((on, selections), name)| format!("\nfragment {name} on {on} {selections}");
        self.fragments.into_iter().map(definition).collect()
    }
}
