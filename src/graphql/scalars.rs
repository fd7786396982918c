//! Scalars: how values look on the wire.

use async_graphql::{
    InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value,
    resolver_utils::EnumType,
};
use chrono::NaiveDate;

use crate::{
    store,
    time::{Duration, Timestamp, Zone},
};

/// RFC 3339 instant in UTC with milliseconds, e.g. `2026-11-21T09:30:00.000Z`.
#[Scalar(name = "DateTime", specified_by_url = "https://scalars.graphql.org/andimarek/date-time")]
impl ScalarType for Timestamp {
    fn parse(value: Value) -> InputValueResult<Self> {
        read(&value, Timestamp::parse)
    }

    fn is_valid(value: &Value) -> bool {
        read(value, Timestamp::parse).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Date(pub NaiveDate);

impl From<Date> for store::Value {
    fn from(day: Date) -> Self {
        day.0.into()
    }
}

impl Date {
    /// Four digits, two and two: chrono alone would take `2026-1-1` and years beyond 9999.
    fn parse(text: &str) -> Option<Self> {
        const LENGTH: usize = "YYYY-MM-DD".len();
        let digits = text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        (text.len() == LENGTH && digits)
            .then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Self))
            .flatten()
    }
}

/// Calendar date `YYYY-MM-DD`, no time and no zone.
#[Scalar(name = "Date", specified_by_url = "https://scalars.graphql.org/andimarek/local-date")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        read(&value, Date::parse)
    }

    fn is_valid(value: &Value) -> bool {
        read(value, Date::parse).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.format("%Y-%m-%d").to_string())
    }
}

/// ISO 8601 duration, e.g. `PT30M`, `P1D`.
#[Scalar(name = "Duration")]
impl ScalarType for Duration {
    fn parse(value: Value) -> InputValueResult<Self> {
        read(&value, Duration::parse)
    }

    fn is_valid(value: &Value) -> bool {
        read(value, Duration::parse).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}

/// IANA zone name, e.g. `Europe/Berlin`.
#[Scalar(name = "TimeZone")]
impl ScalarType for Zone {
    fn parse(value: Value) -> InputValueResult<Self> {
        read(&value, Zone::named)
    }

    fn is_valid(value: &Value) -> bool {
        read(value, Zone::named).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(self.name().to_owned())
    }
}

/// The name of an enum's value in the schema.
pub fn enum_name<E: EnumType>(value: E) -> &'static str {
    let item = E::items().iter().find(|item| item.value == value);
    item.map(|item| item.name).unwrap_or_default()
}

fn read<T: InputType>(value: &Value, parse: impl Fn(&str) -> Option<T>) -> InputValueResult<T> {
    match value {
        Value::String(text) => parse(text).ok_or_else(|| InputValueError::custom("not readable")),
        other => Err(InputValueError::expected_type(other.clone())),
    }
}
