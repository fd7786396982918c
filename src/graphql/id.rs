//! Ids in arguments.

use async_graphql::ID;
use uuid::Uuid;

use crate::{
    auth::UserId,
    error::{ApiError, ErrorCode},
    store::{Input, StoreError},
};

/// The maximum number of ids in a list of them.
pub const MAX_IDS: usize = 100;

/// Parses a hyphenated UUID of either case. No object has an id of any other form.
pub fn parse<I: From<Uuid>>(id: &ID) -> Option<I> {
    const HYPHENATED: usize = 36;
    (id.len() == HYPHENATED).then(|| Uuid::try_parse(id).ok()).flatten().map(I::from)
}

/// Parses the id of an existing object. A malformed id is not found.
pub fn parse_or_not_found<I: From<Uuid>>(id: &ID, input: Input) -> Result<I, ApiError> {
    parse(id).ok_or_else(|| StoreError::NotFound(input).into())
}

/// The same for a list of ids.
pub fn parse_all_or_not_found<I: From<Uuid>>(
    field: &str,
    ids: Option<Vec<ID>>,
    input: fn(usize) -> Input,
) -> Result<Vec<I>, ApiError> {
    let ids = ids.unwrap_or_default();
    at_most(field, &ids)?;
    ids.iter().enumerate().map(|(index, id)| parse_or_not_found(id, input(index))).collect()
}

/// Ids as clients read them.
pub fn from_uuids(ids: Vec<Uuid>) -> Vec<ID> {
    ids.into_iter().map(ID::from).collect()
}

/// Refuses a list of too many ids.
pub fn at_most(field: &str, ids: &[ID]) -> Result<(), ApiError> {
    if ids.len() > MAX_IDS {
        let message = format!("It has {} ids; at most {MAX_IDS} are allowed.", ids.len());
        return Err(ApiError::bad_input(field, message));
    }
    Ok(())
}

/// Parses the client's id for a new object. It must not be the viewer's id, because ids are unique over all
/// types.
pub fn new<I: From<Uuid>>(id: &ID, viewer: &UserId) -> Result<I, ApiError> {
    let uuid = parse::<Uuid>(id);
    let normalized = uuid.map(|uuid| uuid.to_string());
    if [Some(id.as_str()), normalized.as_deref()].contains(&Some(viewer.as_str())) {
        return Err(ApiError::new(ErrorCode::Conflict, "This id is your own user id."));
    }
    uuid.map(I::from)
        .ok_or_else(|| ApiError::bad_input("input.id", "id must be a UUID; version 7 is best."))
}
