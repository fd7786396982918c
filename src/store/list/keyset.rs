//! Pages of a list, found by the place where they begin and not by counting up to it.
//!
//! A place is the values of the order's columns and the id, so the next page is a range on an index
//! that begins right there: page 10,000 costs what the first one costs, and rows that come or go
//! meanwhile neither repeat nor skip others.

use std::{fmt, sync::Arc};

use sea_orm::{
    ColumnTrait, Condition, ExprTrait, Order, Value,
    sea_query::{Expr, IntoCondition, SelectStatement, SimpleExpr, WindowStatement},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    store::{
        error::StoreError,
        owned::Owned,
        sql::projection::{ColumnKind, ColumnValue, Row, unsupported},
    },
    time::Timestamp,
};

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
pub enum Side {
    /// To the rows behind it.
    Next,
    /// To the rows before it.
    Previous,
}

/// A place in a list: where a row stands, or stood, by the order's values and its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysetCursor(Vec<Key>, Uuid);

impl KeysetCursor {
    /// The id of the row that stands there.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.1
    }
}

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
    pub after: Option<KeysetCursor>,
    /// Only rows before this place.
    pub before: Option<KeysetCursor>,
}

impl Window {
    /// The cursor that bounds the window on that side.
    pub fn bound(&self, side: Side) -> Option<&KeysetCursor> {
        match side {
            Side::Next => self.before.as_ref(),
            Side::Previous => self.after.as_ref(),
        }
    }

    /// The way in which the rows are counted.
    pub fn reading(&self) -> Side {
        if self.from_end { Side::Previous } else { Side::Next }
    }
}

/// Makes a number of a row.
type Compute<C> = dyn Fn(&dyn Row<C>) -> Result<i64, StoreError> + Send + Sync;

/// What an order sorts by: never null.
#[derive(Clone)]
pub enum SortKey<E: Owned> {
    /// A column.
    Column(E::Column),
    /// A number that is made of these columns, in SQL and here alike.
    Computed(SimpleExpr, &'static [E::Column], Arc<Compute<E::Column>>),
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
            Self::Computed(expr, ..) => expr.clone(),
        }
    }

    /// The columns that it is made of.
    fn columns(&self) -> &[E::Column] {
        match self {
            Self::Column(column) => std::slice::from_ref(column),
            Self::Computed(_, columns, _) => columns,
        }
    }

    fn of(&self, row: &impl Row<E::Column>) -> Result<Key, StoreError> {
        match self {
            Self::Column(column) => to_key(row.value(*column)?).ok_or_else(|| unsupported(*column)),
            Self::Computed(.., number) => number(row).map(Key::Number),
        }
    }

    fn value(&self, key: &Key) -> Option<Value> {
        match (self, key) {
            (Self::Column(column), key) => to_value(*column, key),
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
    pub fn new(keys: Vec<(SortKey<E>, Direction)>, tie: Direction) -> Self {
        Self { keys, tie }
    }

    /// The order by one column.
    pub fn by(column: E::Column, direction: Direction) -> Self {
        Self::new(vec![(SortKey::Column(column), direction)], direction)
    }

    /// The columns that tell where a row stands.
    pub fn columns(&self) -> impl Iterator<Item = E::Column> {
        self.keys.iter().flat_map(|(key, _)| key.columns()).copied().chain([E::ID])
    }

    /// Where that row stands.
    pub fn place(&self, row: &impl Row<E::Column>) -> Result<KeysetCursor, StoreError> {
        let keys = self.keys.iter().map(|(key, _)| key.of(row)).collect::<Result<_, _>>()?;
        Ok(KeysetCursor(keys, row.value(E::ID)?.id()?))
    }

    /// Whether a place can stand in this order; one from elsewhere, or a forged one, cannot.
    pub fn knows(&self, place: &KeysetCursor) -> bool {
        self.values(place).is_some()
    }

    /// Puts the rows in order, or in the opposite one.
    pub fn order(&self, select: &mut SelectStatement, reversed: bool) {
        for (key, direction) in self.directions() {
            select.order_by_expr(key, sea_order(direction, reversed));
        }
    }

    /// Numbers the rows of each group in order, or in the opposite one.
    pub fn rank_within(&self, group: E::Column, reversed: bool) -> WindowStatement {
        let mut window = WindowStatement::partition_by(group.as_column_ref());
        for (key, direction) in self.directions() {
            window.order_by_expr(key, sea_order(direction, reversed));
        }
        window
    }

    /// Puts the rows in order as far as the first column goes. Where any row will do, this has it
    /// looked up in an index: PostgreSQL would rather go through the table, trusting that one turns
    /// up soon, and the newest first are those that lie at its end.
    pub fn order_by_first_key(&self, select: &mut SelectStatement, reversed: bool) {
        for (key, direction) in self.directions().take(1) {
            select.order_by_expr(key, sea_order(direction, reversed));
        }
    }

    /// Holds for the rows that lie beyond a place.
    pub fn after(&self, place: &KeysetCursor, side: Side, inclusive: bool) -> Condition {
        let Some(mut values) = self.values(place) else {
            return Expr::value(false).into_condition();
        };
        values.push(place.1.into());
        let keys: Vec<_> = self
            .directions()
            .zip(values)
            .map(|((key, direction), value)| (key, larger(direction, side), value))
            .collect();
        if keys.iter().all(|(_, larger, _)| *larger == keys[0].1) {
            row_value(&keys, inclusive).into_condition()
        } else {
            key_by_key(&keys, inclusive)
        }
    }

    fn directions(&self) -> impl Iterator<Item = (SimpleExpr, Direction)> {
        let keys = self.keys.iter().map(|(key, direction)| (key.expr(), *direction));
        keys.chain([(Expr::col(E::ID.as_column_ref()), self.tie)])
    }

    fn values(&self, place: &KeysetCursor) -> Option<Vec<Value>> {
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
fn larger(direction: Direction, side: Side) -> bool {
    (direction == Direction::Asc) == (side == Side::Next)
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

fn to_key(value: ColumnValue<'_>) -> Option<Key> {
    match value {
        ColumnValue::Number(number) => Some(Key::Number(number)),
        ColumnValue::Timestamp(instant) => Some(Key::Number(instant.millis())),
        ColumnValue::Text(text) => Some(Key::Text(text.into_owned())),
        ColumnValue::Null | ColumnValue::Id(_) | ColumnValue::Date(_) => None,
    }
}

/// The value of the column's own type. A cursor comes from outside: no text with a NUL, which
/// PostgreSQL refuses, and no instant beyond the calendar. Of a column that no cursor can be made of,
/// none is accepted.
fn to_value(column: impl ColumnTrait, key: &Key) -> Option<Value> {
    match (ColumnKind::of(column)?, key) {
        (ColumnKind::SmallInteger, Key::Number(number)) => {
            i16::try_from(*number).ok().map(Value::from)
        }
        (ColumnKind::Integer, Key::Number(number)) => i32::try_from(*number).ok().map(Value::from),
        (ColumnKind::BigInteger, Key::Number(number)) => Some((*number).into()),
        (ColumnKind::Timestamp, Key::Number(millis)) => {
            Timestamp::from_millis(*millis).map(Value::from)
        }
        (ColumnKind::Text, Key::Text(text)) => (!text.contains('\0')).then(|| text.as_str().into()),
        (ColumnKind::Text, Key::Number(_)) | (_, Key::Text(_)) => None,
        (ColumnKind::Id | ColumnKind::Date, Key::Number(_)) => None,
    }
}
