//! What the columns of a row hold, whether all of the row was read or a part of it.
//!
//! Front ends show few columns, and reading the others would cost as much as all the rest. So what is
//! only shown is read as a [`PartialRow`]: the columns that were asked for, as the database has sent them.

use std::{borrow::Cow, mem, sync::Arc};

use chrono::NaiveDate;
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, FromQueryResult, ModelTrait, QueryResult, RuntimeErr, Value,
    sea_query::ColumnType,
    sqlx::{self, Database, Decode, Postgres, Row as _, Sqlite},
};
use uuid::Uuid;

use super::cached_sql::CachedSql;
use crate::{
    store::{error::StoreError, owned::Owned},
    time::Timestamp,
};

/// What one column of a row holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnValue<'r> {
    /// Nothing.
    Null,
    /// A number.
    Number(i64),
    /// A text.
    Text(Cow<'r, str>),
    /// An id.
    Id(Uuid),
    /// A day.
    Day(NaiveDate),
    /// An instant.
    At(Timestamp),
}

impl<'r> ColumnValue<'r> {
    /// The id in it.
    ///
    /// # Errors
    /// [`StoreError::Internal`] when there is something else, as for the others.
    pub fn id(self) -> Result<Uuid, StoreError> {
        match self {
            Self::Id(id) => Ok(id),
            other => Err(other.unexpected()),
        }
    }

    /// The number in it.
    pub fn number(self) -> Result<i64, StoreError> {
        match self {
            Self::Number(number) => Ok(number),
            other => Err(other.unexpected()),
        }
    }

    /// The text in it.
    pub fn text(self) -> Result<Cow<'r, str>, StoreError> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(other.unexpected()),
        }
    }

    /// That a column holds this, and should not.
    pub fn unexpected(&self) -> StoreError {
        StoreError::Internal(DbErr::Type(format!("a column holds {self:?}")))
    }
}

impl From<Value> for ColumnValue<'_> {
    fn from(value: Value) -> Self {
        let value = match value {
            Value::SmallInt(number) => number.map(|number| Self::Number(number.into())),
            Value::Int(number) => number.map(|number| Self::Number(number.into())),
            Value::BigInt(number) => number.map(Self::Number),
            Value::String(text) => text.map(|text| Self::Text(text.into())),
            Value::Uuid(id) => id.map(Self::Id),
            Value::ChronoDate(day) => day.map(Self::Day),
            Value::ChronoDateTimeUtc(at) => {
                at.and_then(|at| Timestamp::from_millis(at.timestamp_millis())).map(Self::At)
            }
            _ => None,
        };
        value.unwrap_or(Self::Null)
    }
}

/// A row, of which some columns are known.
pub trait Row<C> {
    /// What that column holds.
    ///
    /// # Errors
    /// [`StoreError::Internal`] when it was not read, or is of another type.
    fn value(&self, column: C) -> Result<ColumnValue<'_>, StoreError>;
}

/// All of a row.
impl<M: ModelTrait> Row<<M::Entity as EntityTrait>::Column> for M {
    fn value(
        &self,
        column: <M::Entity as EntityTrait>::Column,
    ) -> Result<ColumnValue<'_>, StoreError> {
        Ok(self.get(column).into())
    }
}

/// How a column lies in its table.
#[derive(Clone, Copy, Debug)]
enum Kind {
    SmallInteger,
    Integer,
    BigInteger,
    Text,
    Id,
    Day,
    At,
}

impl Kind {
    fn of(column: impl ColumnTrait) -> Self {
        match column.def().get_column_type() {
            ColumnType::SmallInteger => Self::SmallInteger,
            ColumnType::Integer => Self::Integer,
            ColumnType::BigInteger => Self::BigInteger,
            ColumnType::Uuid => Self::Id,
            ColumnType::Date => Self::Day,
            ColumnType::TimestampWithTimeZone => Self::At,
            _ => Self::Text,
        }
    }
}

/// Which columns of a table are read, each once.
#[derive(Clone, Debug)]
pub struct Projection<E: Owned> {
    columns: Arc<[(E::Column, Kind)]>,
    pub statements: StatementCache,
}

/// The statements that show these columns and are always the same, but for their values.
#[derive(Clone, Debug, Default)]
pub struct StatementCache {
    /// Of the row of an id.
    pub by_id: CachedSql,
    /// Of the tags of some tasks, where those are one value.
    pub of_tasks: CachedSql,
    /// Of a task that was completed.
    pub completed: CachedSql,
    /// Of one that was opened again.
    pub opened: CachedSql,
}

impl<E: Owned> Projection<E> {
    /// These columns.
    pub fn new(columns: impl IntoIterator<Item = E::Column>) -> Self {
        Self { columns: Arc::default(), statements: StatementCache::default() }.and(columns)
    }

    /// These columns as well, if they are not among them.
    #[must_use]
    pub fn and(&self, columns: impl IntoIterator<Item = E::Column>) -> Self {
        let mut all = self.columns.to_vec();
        for column in columns {
            if position::<E>(&all, column).is_none() {
                all.push((column, Kind::of(column)));
            }
        }
        Self { columns: all.into(), statements: StatementCache::default() }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = E::Column> {
        self.columns.iter().map(|(column, _)| *column)
    }
}

fn position<E: Owned>(columns: &[(E::Column, Kind)], column: E::Column) -> Option<usize> {
    let sought = mem::discriminant(&column);
    columns.iter().position(|(column, _)| mem::discriminant(column) == sought)
}

/// The columns of a row that were asked for.
#[derive(Debug)]
pub struct PartialRow<E: Owned> {
    row: QueryResult,
    columns: Arc<[(E::Column, Kind)]>,
}

impl<E: Owned> PartialRow<E> {
    /// A row that begins with these columns.
    pub fn new(row: QueryResult, columns: &Projection<E>) -> Self {
        Self { row, columns: Arc::clone(&columns.columns) }
    }

    /// The row, of which all columns were asked for.
    pub fn whole(&self) -> Result<E::Model, StoreError> {
        Ok(E::Model::from_query_result(&self.row, "")?)
    }

    fn read<'r, T>(&'r self, at: usize) -> Result<Option<T>, StoreError>
    where
        T: Readable<'r, Postgres> + Readable<'r, Sqlite>,
    {
        let read = match (self.row.try_as_pg_row(), self.row.try_as_sqlite_row()) {
            // Which type lies there was settled when the columns were chosen.
            (Some(row), _) => row.try_get_unchecked(at),
            (None, Some(row)) => row.try_get_unchecked(at),
            (None, None) => Ok(None),
        };
        let error = |error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)));
        read.map_err(|it: sqlx::Error| error(it).into())
    }
}

/// What a database's driver can read.
trait Readable<'r, D: Database>: Decode<'r, D> {}

impl<'r, D: Database, T: Decode<'r, D>> Readable<'r, D> for T {}

impl<E: Owned> Row<E::Column> for PartialRow<E> {
    fn value(&self, column: E::Column) -> Result<ColumnValue<'_>, StoreError> {
        let Some(at) = position::<E>(&self.columns, column) else {
            return Err(StoreError::Internal(DbErr::Type(format!("{column:?} was not read"))));
        };
        let value = match self.columns[at].1 {
            Kind::SmallInteger => {
                self.read::<i16>(at)?.map(|number| ColumnValue::Number(number.into()))
            }
            Kind::Integer => self.read::<i32>(at)?.map(|number| ColumnValue::Number(number.into())),
            Kind::BigInteger => self.read(at)?.map(ColumnValue::Number),
            Kind::Text => self.read::<&str>(at)?.map(|text| ColumnValue::Text(text.into())),
            Kind::Id => self.read(at)?.map(ColumnValue::Id),
            Kind::Day => self.read(at)?.map(ColumnValue::Day),
            Kind::At => self.read(at)?.map(ColumnValue::At),
        };
        Ok(value.unwrap_or(ColumnValue::Null))
    }
}
