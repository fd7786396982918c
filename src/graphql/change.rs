//! What inputs that change something have in common.

use async_graphql::{ID, InputObject, MaybeUndefined, OneofObject};
use uuid::Uuid;

use super::{error::ApiError, id};
use crate::store::{Beside, Input, Operation};

/// Which object to delete.
#[derive(InputObject)]
pub struct DeleteInput {
    id: ID,
    expected_version: Option<i32>,
}

impl DeleteInput {
    /// The deletion of that kind of object.
    pub fn operation(
        self,
        delete: fn(Uuid, Option<i32>) -> Operation,
    ) -> Result<Operation, ApiError> {
        Ok(delete(id::existing(&self.id, Input::Id)?, self.expected_version))
    }
}

/// Next to a sibling. Left out: at the end.
#[derive(OneofObject)]
pub enum PlaceInput {
    /// Right before this one.
    Before(ID),
    /// Right after this one.
    After(ID),
}

impl PlaceInput {
    /// The place as the store knows it.
    pub fn beside(self) -> Result<Beside, ApiError> {
        match self {
            Self::Before(id) => id::existing(&id, Input::Before).map(Beside::Before),
            Self::After(id) => id::existing(&id, Input::After).map(Beside::After),
        }
    }
}

/// A field that may be left out, but not be empty.
pub fn required<T>(name: &str, value: MaybeUndefined<T>) -> Result<Option<T>, ApiError> {
    match value {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Value(value) => Ok(Some(value)),
        MaybeUndefined::Null => {
            let message = format!("{name} cannot be cleared: leave it out to keep it.");
            Err(ApiError::bad_input(format!("input.{name}"), message))
        }
    }
}
