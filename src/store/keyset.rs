//! Pages of a list, found by the place where they begin and not by counting up to it.
//!
//! A place is the values of the order's columns and the id, so the next page is a range on an index
//! that begins right there: page 10,000 costs what the first one costs, and rows that come or go
//! meanwhile neither repeat nor skip others.

use std::{fmt, sync::Arc};

use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, ModelTrait, Order, QueryFilter, QueryOrder,
    Select, Value,
    sea_query::{ColumnType, Expr, SimpleExpr, WindowStatement},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::owned::Owned;
use crate::clock::Instant;

/// Which way an order runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The smallest first.
    Asc,
    /// The largest first.
    Desc,
}

impl Direction {
    fn reversed(self) -> Self {
        match self {
            Self::Asc => Self::Desc,
            Self::Desc => Self::Asc,
        }
    }
}

/// The two ways to look from a place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toward {
    /// To the rows behind it.
    Next,
    /// To the rows before it.
    Previous,
}

/// A place in a list: where a row stands, or stood, by the order's values and its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place(Vec<Key>, Uuid);

/// The value of one column of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Key {
    /// Numbers, and instants by their milliseconds.
    Number(i64),
    Text(String),
}

/// A part of a list: up to `limit` rows from one end of what lies between two places.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// How many rows at the most.
    pub limit: u64,
    /// Whether the rows are counted from the end.
    pub from_end: bool,
    /// Only rows behind this place.
    pub after: Option<Place>,
    /// Only rows before this place.
    pub before: Option<Place>,
}

impl Window {
    pub(super) fn bound(&self, toward: Toward) -> Option<&Place> {
        match toward {
            Toward::Next => self.before.as_ref(),
            Toward::Previous => self.after.as_ref(),
        }
    }

    /// The way in which the rows are counted.
    pub(super) fn reading(&self) -> Toward {
        if self.from_end { Toward::Previous } else { Toward::Next }
    }
}

/// Makes a number of a row.
type Compute<E> = dyn Fn(&<E as EntityTrait>::Model) -> i64 + Send + Sync;

/// What an order sorts by: never null.
#[derive(Clone)]
pub enum SortKey<E: Owned> {
    /// A column.
    Column(E::Column),
    /// A number that is made of the row, in SQL and here alike.
    Computed(SimpleExpr, Arc<Compute<E>>),
}

impl<E: Owned> fmt::Debug for SortKey<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr().fmt(f)
    }
}

impl<E: Owned> SortKey<E> {
    fn expr(&self) -> SimpleExpr {
        match self {
            Self::Column(column) => Expr::col(column.as_column_ref()),
            Self::Computed(expr, _) => expr.clone(),
        }
    }

    fn of(&self, row: &E::Model) -> Option<Key> {
        match self {
            Self::Column(column) => to_key(row.get(*column)),
            Self::Computed(_, number) => Some(Key::Number(number(row))),
        }
    }

    fn value(&self, key: &Key) -> Option<Value> {
        match (self, key) {
            (Self::Column(column), key) => to_value(column, key),
            (Self::Computed(..), Key::Number(number)) => Some((*number).into()),
            (Self::Computed(..), Key::Text(_)) => None,
        }
    }
}

/// A total order of a table, where the id decides between those that tie.
#[derive(Clone, Debug)]
pub struct Keyset<E: Owned> {
    keys: Vec<(SortKey<E>, Direction)>,
    tie: Direction,
}

impl<E: Owned> Keyset<E> {
    /// The order by these keys, one after the other; ties end at the id, which follows `tie`.
    pub(super) fn new(keys: Vec<(SortKey<E>, Direction)>, tie: Direction) -> Self {
        Self { keys, tie }
    }

    /// The order by one column.
    pub(super) fn by(column: E::Column, direction: Direction) -> Self {
        Self::new(vec![(SortKey::Column(column), direction)], direction)
    }

    /// Where that row stands.
    pub(super) fn place(&self, row: &E::Model) -> Option<Place> {
        let keys = self.keys.iter().map(|(key, _)| key.of(row));
        let Value::Uuid(Some(id)) = row.get(E::ID) else { return None };
        Some(Place(keys.collect::<Option<_>>()?, id))
    }

    /// Whether a place can stand in this order; one from elsewhere, or a forged one, cannot.
    pub(super) fn knows(&self, place: &Place) -> bool {
        self.values(place).is_some()
    }

    /// Puts the rows in order, or in the opposite one.
    pub(super) fn order(&self, select: Select<E>, reversed: bool) -> Select<E> {
        self.directions().fold(select, |select, (key, direction)| {
            select.order_by(key, sea_order(direction, reversed))
        })
    }

    /// Numbers the rows of each group in order, or in the opposite one.
    pub(super) fn rank_within(&self, group: E::Column, reversed: bool) -> WindowStatement {
        let mut window = WindowStatement::partition_by(group.as_column_ref());
        for (key, direction) in self.directions() {
            window.order_by_expr(key, sea_order(direction, reversed));
        }
        window
    }

    /// Puts the rows in order as far as the first column goes. Where any row will do, this has it
    /// looked up in an index: PostgreSQL would rather go through the table, trusting that one turns
    /// up soon, and the newest first are those that lie at its end.
    pub(super) fn order_roughly(&self, select: Select<E>, reversed: bool) -> Select<E> {
        self.directions().take(1).fold(select, |select, (key, direction)| {
            select.order_by(key, sea_order(direction, reversed))
        })
    }

    /// Keeps the rows that lie beyond a place.
    pub(super) fn beyond(
        &self,
        select: Select<E>,
        place: &Place,
        toward: Toward,
        inclusive: bool,
    ) -> Select<E> {
        let Some(mut values) = self.values(place) else {
            return select.filter(Expr::value(false));
        };
        values.push(place.1.into());
        let keys: Vec<_> = self
            .directions()
            .zip(values)
            .map(|((key, direction), value)| (key, larger(direction, toward), value))
            .collect();
        if keys.iter().all(|(_, larger, _)| *larger == keys[0].1) {
            select.filter(row_value(&keys, inclusive))
        } else {
            select.filter(key_by_key(&keys, inclusive))
        }
    }

    fn directions(&self) -> impl Iterator<Item = (SimpleExpr, Direction)> {
        let keys = self.keys.iter().map(|(key, direction)| (key.expr(), *direction));
        keys.chain([(Expr::col(E::ID.as_column_ref()), self.tie)])
    }

    fn values(&self, place: &Place) -> Option<Vec<Value>> {
        (place.0.len() == self.keys.len()).then_some(())?;
        self.keys.iter().zip(&place.0).map(|((key, _), value)| key.value(value)).collect()
    }
}

fn sea_order(direction: Direction, reversed: bool) -> Order {
    match if reversed { direction.reversed() } else { direction } {
        Direction::Asc => Order::Asc,
        Direction::Desc => Order::Desc,
    }
}

/// Whether the rows that lie that way have larger values.
fn larger(direction: Direction, toward: Toward) -> bool {
    (direction == Direction::Asc) == (toward == Toward::Next)
}

/// `(a, b, id) > (1, 2, 3)`: one range on an index over these columns.
fn row_value(keys: &[(SimpleExpr, bool, Value)], inclusive: bool) -> SimpleExpr {
    let row = Expr::tuple(keys.iter().map(|(key, ..)| key.clone()));
    let place = Expr::tuple(keys.iter().map(|(.., value)| Expr::value(value.clone())));
    match (keys[0].1, inclusive) {
        (true, false) => row.gt(place),
        (true, true) => row.gte(place),
        (false, false) => row.lt(place),
        (false, true) => row.lte(place),
    }
}

/// The same where the keys run in different directions:
/// `a >= 1 AND (a > 1 OR (a = 1 AND (b < 2 OR (b = 2 AND …))))`.
fn key_by_key(keys: &[(SimpleExpr, bool, Value)], inclusive: bool) -> Condition {
    let mut tied = Condition::all().add(Expr::value(inclusive));
    for (key, larger, value) in keys.iter().rev() {
        let (equal, value) = (key.clone().eq(value.clone()), value.clone());
        let beyond = if *larger { key.clone().gt(value) } else { key.clone().lt(value) };
        tied = Condition::any().add(beyond).add(Condition::all().add(equal).add(tied));
    }
    let (first, larger, value) = keys[0].clone();
    let range = if larger { first.gte(value) } else { first.lte(value) };
    Condition::all().add(range).add(tied)
}

fn to_key(value: Value) -> Option<Key> {
    match value {
        Value::SmallInt(Some(number)) => Some(Key::Number(number.into())),
        Value::BigInt(Some(number)) => Some(Key::Number(number)),
        Value::ChronoDateTimeUtc(Some(at)) => Some(Key::Number(at.timestamp_millis())),
        Value::String(Some(text)) => Some(Key::Text(text)),
        _ => None,
    }
}

/// The value of the column's own type. A cursor comes from outside: no text with a NUL, which
/// PostgreSQL refuses, and no instant beyond the calendar.
fn to_value<C: ColumnTrait>(column: &C, key: &Key) -> Option<Value> {
    match (column.def().get_column_type(), key) {
        (ColumnType::SmallInteger, Key::Number(number)) => {
            i16::try_from(*number).ok().map(Value::from)
        }
        (ColumnType::BigInteger, Key::Number(number)) => Some((*number).into()),
        (ColumnType::TimestampWithTimeZone, Key::Number(millis)) => {
            Instant::from_millis(*millis).map(Value::from)
        }
        (ColumnType::String(_) | ColumnType::Text, Key::Text(text)) if !text.contains('\0') => {
            Some(text.as_str().into())
        }
        _ => None,
    }
}
