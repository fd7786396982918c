//! Instants and days, as databases keep them and as they are shown.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use sqlx::{Database, Decode, Encode, Postgres, Sqlite, Type, encode::IsNull, error::BoxDynError};

/// An instant by its milliseconds since 1970, written as RFC 3339.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub struct Millis(pub i64);

impl From<DateTime<Utc>> for Millis {
    fn from(instant: DateTime<Utc>) -> Self {
        Self(instant.timestamp_millis())
    }
}

impl From<Millis> for DateTime<Utc> {
    fn from(Millis(millis): Millis) -> Self {
        Self::from_timestamp_millis(millis).unwrap_or_default()
    }
}

impl From<i64> for Millis {
    fn from(millis: i64) -> Self {
        Self(millis)
    }
}

impl From<Millis> for i64 {
    fn from(Millis(millis): Millis) -> Self {
        millis
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let instant = DateTime::<Utc>::from(*self);
        serializer.serialize_str(&instant.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// A database keeps instants as values of another type.
macro_rules! kept_as {
    ($kept:ty, $database:ty) => {
        impl Type<$database> for Millis {
            fn type_info() -> <$database as Database>::TypeInfo {
                <$kept as Type<$database>>::type_info()
            }

            fn compatible(ty: &<$database as Database>::TypeInfo) -> bool {
                <$kept as Type<$database>>::compatible(ty)
            }
        }

        impl Encode<'_, $database> for Millis {
            fn encode_by_ref(
                &self,
                buffer: &mut <$database as Database>::ArgumentBuffer,
            ) -> Result<IsNull, BoxDynError> {
                Encode::<$database>::encode(<$kept>::from(*self), buffer)
            }
        }

        impl<'r> Decode<'r, $database> for Millis {
            fn decode(value: <$database as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
                <$kept as Decode<$database>>::decode(value).map(Self::from)
            }
        }
    };
}

kept_as!(DateTime<Utc>, Postgres);
kept_as!(i64, Sqlite);

/// A day, written as in ISO 8601.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub struct Day(pub NaiveDate);

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
