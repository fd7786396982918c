//! Ids as clients write them.

use async_graphql::ID;
use uuid::Uuid;

use crate::{
    auth::UserId,
    error::{ApiError, ErrorCode},
    store::{Input, StoreError},
};

/// How many ids a list of them may have.
const MOST: usize = 100;

/// The UUID that an id spells, in letters of either case. Any other id simply does not exist.
pub fn uuid(id: &ID) -> Option<Uuid> {
    const HYPHENATED: usize = 36;
    (id.len() == HYPHENATED).then(|| Uuid::try_parse(id).ok()).flatten()
}

/// The UUID of an object that a mutation names.
pub fn parse_or_not_found(id: &ID, named: Input) -> Result<Uuid, ApiError> {
    uuid(id).ok_or_else(|| StoreError::NotFound(named).into())
}

/// The UUIDs of objects that a mutation names in a list.
pub fn parse_all_or_not_found(
    field: &str,
    ids: Option<Vec<ID>>,
    named: fn(usize) -> Input,
) -> Result<Vec<Uuid>, ApiError> {
    let ids = ids.unwrap_or_default();
    at_most(field, &ids)?;
    ids.iter().enumerate().map(|(at, id)| parse_or_not_found(id, named(at))).collect()
}

/// Refuses a list of too many ids.
pub fn at_most(field: &str, ids: &[ID]) -> Result<(), ApiError> {
    if ids.len() > MOST {
        let message = format!("It has {} ids; at most {MOST} are allowed.", ids.len());
        return Err(ApiError::bad_input(field, message));
    }
    Ok(())
}

/// The UUID that a client made for a new object: not the viewer's own id, which is taken.
pub fn new(id: &ID, viewer: &UserId) -> Result<Uuid, ApiError> {
    let uuid = uuid(id);
    let spelled = uuid.map(|uuid| uuid.to_string());
    if [Some(id.as_str()), spelled.as_deref()].contains(&Some(viewer.as_str())) {
        return Err(ApiError::new(ErrorCode::Conflict, "This id is your own user id."));
    }
    uuid.ok_or_else(|| ApiError::bad_input("input.id", "id must be a UUID; version 7 is best."))
}
