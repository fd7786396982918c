//! Keyset pagination: a page is found by the cursor where it begins, not by counting up to an offset.
//!
//! A cursor holds the values of the order's columns and the id, so the next page is a range on an index
//! that begins right there: page 10,000 costs as much as the first, and rows that are inserted or
//! deleted meanwhile neither repeat nor skip others.

use sea_orm::{
    ColumnTrait, Condition, ExprTrait, IdenStatic, Order, Value,
    sea_query::{Expr, IntoCondition, SelectStatement, SimpleExpr, WindowStatement},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{search::Relevance, text::Search};
use crate::{
    store::{
        error::StoreError,
        owned::Owned,
        sql::{
            cached_sql::{Sample, Shape},
            projection::{ColumnKind, ColumnValue, PartialRow, Row, unsupported},
        },
    },
    time::Timestamp,
};

/// The direction of an order.
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

/// The two sides of a cursor in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The rows after it.
    Next,
    /// The rows before it.
    Previous,
}

/// The position of a row in a list: the values of the order's columns, and the id. The row itself may
/// have been deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysetCursor(Vec<Key>, Uuid);

impl KeysetCursor {
    /// The id of the row.
    pub fn id(&self) -> Uuid {
        self.1
    }

    /// Another one of the same order.
    fn sample(&self, sample: &mut Sample) -> Self {
        let key = |key: &Key| match key {
            Key::Number(_) => Key::Number(sample.small_number().into()),
            Key::Text(_) => Key::Text(sample.text()),
        };
        Self(self.0.iter().map(key).collect(), sample.id())
    }

    /// Whether it holds a text, which a user may have written.
    pub fn holds_text(&self) -> bool {
        self.0.iter().any(|key| matches!(key, Key::Text(_)))
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

/// A part of a list: up to `limit` rows from one end of the range between two cursors.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// The largest number of rows.
    pub limit: u64,
    /// Whether the rows are counted from the end.
    pub from_end: bool,
    /// Only rows after this cursor.
    pub after: Option<KeysetCursor>,
    /// Only rows before this cursor.
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

    /// Whether it is a part of the list by its cursors alone.
    pub fn has_cursors(&self) -> bool {
        self.after.is_some() || self.before.is_some()
    }

    /// Another part of the list with cursors on the same sides.
    pub fn sample(&self, sample: &mut Sample) -> Self {
        let [after, before] = [&self.after, &self.before]
            .map(|cursor| cursor.as_ref().map(|cursor| cursor.sample(sample)));
        Self { after, before, ..*self }
    }

    /// The side to which the rows are counted.
    pub fn reading(&self) -> Side {
        if self.from_end { Side::Previous } else { Side::Next }
    }
}

/// A key that an order sorts by; it is never null.
#[derive(Clone, Debug)]
pub enum SortKey<E: Owned> {
    /// A column.
    Column(E::Column),
    /// A number that the database computes.
    Relevance(Relevance),
}

impl<E: Owned> SortKey<E> {
    fn expr(&self) -> SimpleExpr {
        match self {
            Self::Column(column) => Expr::col(column.as_column_ref()),
            Self::Relevance(relevance) => relevance.expr(),
        }
    }

    fn value(&self, key: &Key) -> Option<Value> {
        match (self, key) {
            (Self::Column(column), key) => to_value(*column, key),
            (Self::Relevance(_), Key::Number(number)) => Some((*number).into()),
            (Self::Relevance(_), Key::Text(_)) => None,
        }
    }
}

/// A total order of a table: rows with equal keys are ordered by id.
#[derive(Clone, Debug)]
pub struct Keyset<E: Owned> {
    keys: Vec<(SortKey<E>, Direction)>,
    tie: Direction,
}

impl<E: Owned> Keyset<E> {
    /// The order by these keys, one after the other, and then by id in the direction `tie`.
    pub fn new(keys: Vec<(SortKey<E>, Direction)>, tie: Direction) -> Self {
        Self { keys, tie }
    }

    /// The order by one column.
    pub fn by(column: E::Column, direction: Direction) -> Self {
        Self::new(vec![(SortKey::Column(column), direction)], direction)
    }

    /// The columns that a cursor is made of.
    pub fn columns(&self) -> impl Iterator<Item = E::Column> {
        let column = |key: &SortKey<E>| match key {
            SortKey::Column(column) => Some(*column),
            SortKey::Relevance(_) => None,
        };
        self.keys.iter().filter_map(move |(key, _)| column(key)).chain([E::ID])
    }

    /// Selects the computed keys, of which a cursor is made as well, behind the columns of the rows.
    /// Gives back how many they are.
    pub fn select_computed(&self, select: &mut SelectStatement) -> usize {
        let mut count = 0;
        for (at, (key, _)) in self.keys.iter().enumerate() {
            if let SortKey::Relevance(relevance) = key {
                select.expr_as(relevance.expr(), name_of_key(at));
                count += 1;
            }
        }
        count
    }

    /// The cursor of a row that was read with [`Keyset::columns`] and [`Keyset::select_computed`].
    pub fn cursor(&self, row: &PartialRow<E>) -> Result<KeysetCursor, StoreError> {
        let mut computed = 0..;
        let key = |(key, _): &(SortKey<E>, Direction)| match key {
            SortKey::Column(column) => {
                to_key(row.value(*column)?).ok_or_else(|| unsupported(*column))
            }
            SortKey::Relevance(_) => {
                row.number_behind(computed.next().unwrap_or_default()).map(Key::Number)
            }
        };
        let keys = self.keys.iter().map(key).collect::<Result<_, _>>()?;
        Ok(KeysetCursor(keys, row.value(E::ID)?.id()?))
    }

    /// Whether the values of a cursor have the types of this order's columns; those of another order, or a
    /// forged cursor's, may not.
    pub fn accepts(&self, cursor: &KeysetCursor) -> bool {
        self.values(cursor).is_some()
    }

    /// Sorts the rows in this order, or in reverse, by keys that [`Keyset::select_computed`] has selected.
    pub fn order(&self, select: &mut SelectStatement, reversed: bool) {
        for (at, (key, direction)) in self.keys.iter().enumerate() {
            let key = match key {
                SortKey::Column(_) => key.expr(),
                SortKey::Relevance(_) => Expr::col(name_of_key(at)),
            };
            select.order_by_expr(key, sea_order(*direction, reversed));
        }
        select.order_by_expr(id::<E>(), sea_order(self.tie, reversed));
    }

    /// Numbers the rows of each group in this order, or in reverse.
    pub fn rank_within(&self, group: E::Column, reversed: bool) -> WindowStatement {
        let mut window = WindowStatement::partition_by(group.as_column_ref());
        for (key, direction) in self.directions() {
            window.order_by_expr(key, sea_order(direction, reversed));
        }
        window
    }

    /// Sorts the rows by the first key alone. Where any row is enough, this makes PostgreSQL use an index:
    /// else it scans the table, in the hope of an early match, and the newest rows are at its end.
    pub fn order_by_first_key(&self, select: &mut SelectStatement, reversed: bool) {
        for (key, direction) in self.directions().take(1) {
            select.order_by_expr(key, sea_order(direction, reversed));
        }
    }

    /// The condition of the rows on one side of a cursor.
    pub fn after(&self, cursor: &KeysetCursor, side: Side, inclusive: bool) -> Condition {
        let Some(mut values) = self.values(cursor) else {
            return Expr::value(false).into_condition();
        };
        values.push(cursor.1.into());
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

    /// All that the text of its statements depends on.
    pub fn shape(&self, shape: &mut Shape) {
        for (key, direction) in &self.keys {
            match key {
                SortKey::Column(column) => shape.name(column.as_str()),
                SortKey::Relevance(Relevance { search, .. }) => {
                    shape.name("");
                    shape.count(search.as_ref().map_or(0, Search::words));
                }
            }
            shape.add([*direction as u8]);
        }
        shape.add([self.tie as u8]);
    }

    /// The same order by how well another search matches.
    pub fn sample(&self, sample: &mut Sample) -> Self {
        let key = |(key, direction): &(SortKey<E>, Direction)| {
            let key = match key {
                SortKey::Column(column) => SortKey::Column(*column),
                SortKey::Relevance(relevance) => SortKey::Relevance(relevance.sample(sample)),
            };
            (key, *direction)
        };
        Self { keys: self.keys.iter().map(key).collect(), tie: self.tie }
    }

    /// The values in its statements, with those of a cursor.
    pub fn values_with(&self, cursor: Option<&KeysetCursor>) -> Vec<Value> {
        let of_cursor = cursor.and_then(|cursor| {
            let mut values = self.values(cursor)?;
            values.push(cursor.1.into());
            Some(values)
        });
        let relevance = self.keys.iter().filter_map(|(key, _)| match key {
            SortKey::Relevance(relevance) => Some(relevance),
            SortKey::Column(_) => None,
        });
        of_cursor.into_iter().flatten().chain(relevance.flat_map(Relevance::values)).collect()
    }

    fn directions(&self) -> impl Iterator<Item = (SimpleExpr, Direction)> {
        let keys = self.keys.iter().map(|(key, direction)| (key.expr(), *direction));
        keys.chain([(id::<E>(), self.tie)])
    }

    fn values(&self, cursor: &KeysetCursor) -> Option<Vec<Value>> {
        (cursor.0.len() == self.keys.len()).then_some(())?;
        self.keys.iter().zip(&cursor.0).map(|((key, _), value)| key.value(value)).collect()
    }
}

fn id<E: Owned>() -> SimpleExpr {
    Expr::col(E::ID.as_column_ref())
}

/// The name under which a computed key is selected.
fn name_of_key(at: usize) -> String {
    format!("key_{at}")
}

fn sea_order(direction: Direction, reversed: bool) -> Order {
    match if reversed { direction.reversed() } else { direction } {
        Direction::Asc => Order::Asc,
        Direction::Desc => Order::Desc,
    }
}

/// Whether the rows on that side have larger values.
fn larger(direction: Direction, side: Side) -> bool {
    (direction == Direction::Asc) == (side == Side::Next)
}

/// `(a, b, id) > (1, 2, 3)`: one range on an index over these columns.
fn row_value(keys: &[(SimpleExpr, bool, Value)], inclusive: bool) -> SimpleExpr {
    let row = Expr::tuple(keys.iter().map(|(key, ..)| key.clone()));
    let cursor = Expr::tuple(keys.iter().map(|(.., value)| Expr::value(value.clone())));
    match (keys[0].1, inclusive) {
        (true, false) => row.gt(cursor),
        (true, true) => row.gte(cursor),
        (false, false) => row.lt(cursor),
        (false, true) => row.lte(cursor),
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

/// The value of the column's own type. A number comes from outside: no instant beyond the calendar. A text
/// does not, since a cursor that holds one is sealed. Of a column that no cursor can be made of,
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
        (ColumnKind::Text, Key::Text(text)) => Some(text.as_str().into()),
        (ColumnKind::Text | ColumnKind::Id | ColumnKind::Date, Key::Number(_))
        | (_, Key::Text(_)) => None,
    }
}
