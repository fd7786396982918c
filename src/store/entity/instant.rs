//! How a [`Timestamp`] is stored in a column: `timestamptz` on PostgreSQL, milliseconds on SQLite.
//!
//! Reading looks at the row's database here; writing is turned in [`crate::store::sql::dialect`], since
//! a value does not know where it goes.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColIdx, DbErr, QueryResult, TryGetError, TryGetable, Value,
    sea_query::{ArrayType, ColumnType, Nullable, ValueType, ValueTypeErr},
    sqlx::{
        Decode, Postgres, Sqlite,
        error::BoxDynError,
        postgres::{PgValueFormat, PgValueRef},
        sqlite::SqliteValueRef,
    },
};

use crate::time::Timestamp;

impl From<Timestamp> for Value {
    fn from(instant: Timestamp) -> Self {
        instant.utc().into()
    }
}

impl Nullable for Timestamp {
    fn null() -> Value {
        Value::ChronoDateTimeUtc(None)
    }
}

impl ValueType for Timestamp {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        let utc = <DateTime<Utc> as ValueType>::try_from(value)?;
        Timestamp::from_millis(utc.timestamp_millis()).ok_or(ValueTypeErr)
    }

    fn type_name() -> String {
        "Timestamp".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::ChronoDateTimeUtc
    }

    fn column_type() -> ColumnType {
        ColumnType::TimestampWithTimeZone
    }
}

impl TryGetable for Timestamp {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        let millis = if row.try_as_sqlite_row().is_some() {
            i64::try_get_by(row, index)?
        } else {
            <DateTime<Utc>>::try_get_by(row, index)?.timestamp_millis()
        };
        Ok(of_millis(millis)?)
    }
}

/// From 1970 to where PostgreSQL counts its microseconds from.
const TO_2000: i64 = 946_684_800_000;

impl Decode<'_, Postgres> for Timestamp {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        if value.format() == PgValueFormat::Text {
            let utc = <DateTime<Utc> as Decode<Postgres>>::decode(value)?;
            return Ok(of_millis(utc.timestamp_millis())?);
        }
        // Through the calendar and back it would take several times as long.
        let micros = <i64 as Decode<Postgres>>::decode(value)?;
        Ok(of_millis(TO_2000 + micros.div_euclid(1000))?)
    }
}

impl Decode<'_, Sqlite> for Timestamp {
    fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(of_millis(<i64 as Decode<Sqlite>>::decode(value)?)?)
    }
}

fn of_millis(millis: i64) -> Result<Timestamp, DbErr> {
    let beyond = || DbErr::Type(format!("{millis} ms is outside of the calendar"));
    Timestamp::from_millis(millis).ok_or_else(beyond)
}

impl sea_orm::sea_query::postgres_array::NotU8 for Timestamp {}
