//! Inputs that several mutations share.

use async_graphql::{ID, InputObject, MaybeUndefined, OneofObject};
use uuid::Uuid;

use crate::{
    error::ApiError,
    graphql::id,
    store::{Anchor, Input, Operation},
};

/// The object to delete.
#[derive(InputObject)]
pub struct DeleteInput {
    id: ID,
    expected_version: Option<i32>,
}

impl DeleteInput {
    pub fn operation<I: From<Uuid>>(
        self,
        delete: fn(I, Option<i32>) -> Operation,
    ) -> Result<Operation, ApiError> {
        Ok(delete(id::parse_or_not_found(&self.id, Input::Id)?, self.expected_version))
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
    pub fn anchor<I: From<Uuid>>(self) -> Result<Anchor<I>, ApiError> {
        match self {
            Self::Before(id) => id::parse_or_not_found(&id, Input::Before).map(Anchor::Before),
            Self::After(id) => id::parse_or_not_found(&id, Input::After).map(Anchor::After),
        }
    }
}

/// A field that may be left out, but not be null.
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
