//! What the columns of a row hold, whether all of the row was read or a part of it.
//!
//! Front ends show few columns, and reading the others would cost as much as all the rest. So what is
//! only shown is read as a [`PartialRow`]: the columns that were asked for, as the database has sent them.

use std::{borrow::Cow, mem, sync::Arc};

use chrono::NaiveDate;
use sea_orm::{
    ActiveEnum, ColumnTrait, DbErr, EntityTrait, FromQueryResult, IdenStatic, Iterable, ModelTrait,
    QueryResult, RuntimeErr, Value,
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
    /// SQL's null.
    Null,
    /// An integer of any width, also that of an enum.
    Number(i64),
    /// A string of any length.
    Text(Cow<'r, str>),
    /// A UUID.
    Id(Uuid),
    /// A day of the calendar.
    Date(NaiveDate),
    /// An instant.
    Timestamp(Timestamp),
}

impl ColumnValue<'_> {
    /// The value that sea-orm has read; `None` for a type that no column of ours has.
    fn of(value: Value) -> Option<Self> {
        let value = match value {
            Value::SmallInt(number) => number.map(|number| Self::Number(number.into())),
            Value::Int(number) => number.map(|number| Self::Number(number.into())),
            Value::BigInt(number) => number.map(Self::Number),
            Value::String(text) => text.map(|text| Self::Text(text.into())),
            Value::Uuid(id) => id.map(Self::Id),
            Value::ChronoDate(day) => day.map(Self::Date),
            Value::ChronoDateTimeUtc(None) => None,
            Value::ChronoDateTimeUtc(Some(at)) => {
                Some(Self::Timestamp(Timestamp::from_millis(at.timestamp_millis())?))
            }
            _ => return None,
        };
        Some(value.unwrap_or(Self::Null))
    }

    /// The variant of an enum that is stored as a number.
    pub fn variant<A: ActiveEnum<Value = i16>>(self) -> Result<A, StoreError> {
        match self {
            Self::Number(number) if let Ok(number) = i16::try_from(number) => {
                Ok(A::try_from_value(&number)?)
            }
            other => Err(other.unexpected()),
        }
    }

    /// The id in it.
    pub fn id<I: From<Uuid>>(self) -> Result<I, StoreError> {
        match self {
            Self::Id(id) => Ok(id.into()),
            other => Err(other.unexpected()),
        }
    }

    /// The error of a column that should not hold this.
    pub fn unexpected(&self) -> StoreError {
        StoreError::Internal(DbErr::Type(format!("a column holds {self:?}")))
    }
}

/// The error of a column whose type is not supported here.
pub fn unsupported(column: impl ColumnTrait) -> StoreError {
    let ty = column.def();
    let message = format!("{column:?} is of an unsupported type, {:?}", ty.get_column_type());
    StoreError::Internal(DbErr::Type(message))
}

/// A row, of which some columns are known.
pub trait Row<C> {
    /// What that column holds.
    fn value(&self, column: C) -> Result<ColumnValue<'_>, StoreError>;
}

/// All of a row.
impl<M: ModelTrait> Row<<M::Entity as EntityTrait>::Column> for M {
    fn value(
        &self,
        column: <M::Entity as EntityTrait>::Column,
    ) -> Result<ColumnValue<'_>, StoreError> {
        ColumnValue::of(self.get(column)).ok_or_else(|| unsupported(column))
    }
}

/// The type of a column, of those that are supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    SmallInteger,
    Integer,
    BigInteger,
    Text,
    Id,
    Date,
    Timestamp,
}

impl ColumnKind {
    /// `None` for a type that is not supported: to read such a column is an error.
    pub fn of(column: impl ColumnTrait) -> Option<Self> {
        Some(match column.def().get_column_type() {
            ColumnType::SmallInteger => Self::SmallInteger,
            ColumnType::Integer => Self::Integer,
            ColumnType::BigInteger => Self::BigInteger,
            ColumnType::String(_) | ColumnType::Text => Self::Text,
            ColumnType::Uuid => Self::Id,
            ColumnType::Date => Self::Date,
            ColumnType::TimestampWithTimeZone => Self::Timestamp,
            _ => return None,
        })
    }
}

/// Which columns of a table are read, each once. Whole rows are read as parts of all columns, see
/// [`PartialRow::whole`].
#[derive(Clone, Debug)]
pub struct Projection<E: Owned> {
    columns: Arc<[(E::Column, Option<ColumnKind>)]>,
    pub statements: StatementCache,
}

/// The statements that show these columns and are always the same, but for their values.
#[derive(Clone, Debug, Default)]
pub struct StatementCache {
    /// Of the row of an id.
    pub by_id: CachedSql,
    /// Of the rows of some ids, where those are one value.
    pub by_ids: CachedSql,
    /// Of the tags of some tasks, where those are one value.
    pub of_tasks: CachedSql,
    /// Of a task that was completed.
    pub completed: CachedSql,
    /// Of one that was opened again.
    pub opened: CachedSql,
}

/// The columns of a table.
pub type ColumnOf<E> = <E as EntityTrait>::Column;

/// The id alone.
impl<E: Owned> Default for Projection<E> {
    fn default() -> Self {
        Self::new([E::ID])
    }
}

impl<E: Owned> Projection<E> {
    /// These columns.
    pub fn new(columns: impl IntoIterator<Item = E::Column>) -> Self {
        Self { columns: Arc::default(), statements: StatementCache::default() }.and(columns)
    }

    /// All columns of the table.
    pub fn all() -> Self {
        Self::new(E::Column::iter())
    }

    /// These columns as well, if they are not among them.
    pub fn and(&self, columns: impl IntoIterator<Item = E::Column>) -> Self {
        let mut all = self.columns.to_vec();
        for column in columns {
            if position::<E>(&all, column).is_none() {
                all.push((column, ColumnKind::of(column)));
            }
        }
        Self { columns: all.into(), statements: StatementCache::default() }
    }

    /// The names of the columns.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.iter().map(|column| column.as_str())
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = E::Column> {
        self.columns.iter().map(|(column, _)| *column)
    }
}

fn position<E: Owned>(
    columns: &[(E::Column, Option<ColumnKind>)],
    column: E::Column,
) -> Option<usize> {
    let sought = mem::discriminant(&column);
    columns.iter().position(|(column, _)| mem::discriminant(column) == sought)
}

/// The columns of a row that were asked for.
#[derive(Debug)]
pub struct PartialRow<E: Owned> {
    row: QueryResult,
    columns: Arc<[(E::Column, Option<ColumnKind>)]>,
    /// The place of the first of them in the row.
    first: usize,
    /// What the names of the columns begin with in the row.
    prefix: &'static str,
}

impl<E: Owned> PartialRow<E> {
    /// A row that begins with these columns.
    pub fn new(row: QueryResult, columns: &Projection<E>) -> Self {
        Self::within(row, columns, 0, "")
    }

    /// A row in which these columns come behind so many others, under names with that prefix.
    pub fn within(
        row: QueryResult,
        columns: &Projection<E>,
        first: usize,
        prefix: &'static str,
    ) -> Self {
        Self { row, columns: Arc::clone(&columns.columns), first, prefix }
    }

    /// The row, of which all columns were asked for.
    pub fn whole(&self) -> Result<E::Model, StoreError> {
        Ok(E::Model::from_query_result(&self.row, self.prefix)?)
    }

    /// The number that was selected so many places behind the columns.
    pub fn number_behind(&self, at: usize) -> Result<i64, StoreError> {
        let number = self.read(self.columns.len() + at)?;
        number.ok_or_else(|| ColumnValue::Null.unexpected())
    }

    fn read<'r, T>(&'r self, at: usize) -> Result<Option<T>, StoreError>
    where
        T: Readable<'r, Postgres> + Readable<'r, Sqlite>,
    {
        let read = match (self.row.try_as_pg_row(), self.row.try_as_sqlite_row()) {
            // The type of the column is known since the columns were chosen.
            (Some(row), _) => row.try_get_unchecked(self.first + at),
            (None, Some(row)) => row.try_get_unchecked(self.first + at),
            (None, None) => Err(sqlx::Error::Protocol("the row is of neither database".to_owned())),
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
        let value = match self.columns[at].1.ok_or_else(|| unsupported(column))? {
            // Both drivers read an integer of any width as the widest.
            ColumnKind::SmallInteger | ColumnKind::Integer | ColumnKind::BigInteger => {
                self.read(at)?.map(ColumnValue::Number)
            }
            ColumnKind::Text => self.read::<&str>(at)?.map(|text| ColumnValue::Text(text.into())),
            ColumnKind::Id => self.read(at)?.map(ColumnValue::Id),
            ColumnKind::Date => self.read(at)?.map(ColumnValue::Date),
            ColumnKind::Timestamp => self.read(at)?.map(ColumnValue::Timestamp),
        };
        Ok(value.unwrap_or(ColumnValue::Null))
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable;

    use super::*;
    use crate::store::entity::{revocation, tag, task, task_list, task_tag, tombstone, user};

    fn unsupported_columns<E: EntityTrait>() -> Vec<String> {
        let columns = E::Column::iter().filter(|column| ColumnKind::of(*column).is_none());
        columns.map(|column| format!("{:?}.{column:?}", E::default())).collect()
    }

    #[test]
    fn each_column_of_each_table_is_of_a_supported_type() {
        let unsupported = [
            unsupported_columns::<revocation::Entity>(),
            unsupported_columns::<tag::Entity>(),
            unsupported_columns::<task::Entity>(),
            unsupported_columns::<task_list::Entity>(),
            unsupported_columns::<task_tag::Entity>(),
            unsupported_columns::<tombstone::Entity>(),
            unsupported_columns::<user::Entity>(),
        ];
        assert_eq!(unsupported.concat(), [""; 0]);
    }
}
