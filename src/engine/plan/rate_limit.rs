//! What the request cost, and what is left.

use async_graphql::OutputType;

use super::json::{self, Output, SelectionSet};
use crate::{
    engine::document::CollectedField, graphql::types::rate_limit::RateLimit, store::StoreError,
};

/// A field of the rate limit.
#[derive(Clone, Copy, Debug)]
pub enum RateLimitField {
    TypeName,
    Cost,
    Limit,
    Remaining,
    ResetAt,
}

impl RateLimitField {
    pub fn of(selected: &CollectedField) -> Option<Self> {
        Some(match selected.name.as_str() {
            "__typename" => Self::TypeName,
            "cost" => Self::Cost,
            "limit" => Self::Limit,
            "remaining" => Self::Remaining,
            "resetAt" => Self::ResetAt,
            _ => return None,
        })
    }
}

/// Writes the object with these fields.
pub fn write(
    out: &mut Output,
    fields: &SelectionSet<RateLimitField>,
    rate_limit: RateLimit,
) -> Result<(), StoreError> {
    let RateLimit { cost, limit, remaining, reset_at } = rate_limit;
    json::object(out, fields, |out, field| {
        match field {
            RateLimitField::TypeName => json::quoted(out, &RateLimit::type_name()),
            RateLimitField::Cost => json::number(out, cost.into()),
            RateLimitField::Limit => json::number(out, limit.into()),
            RateLimitField::Remaining => json::number(out, remaining.into()),
            RateLimitField::ResetAt => json::instant(out, reset_at),
        }
        Ok(())
    })
}
