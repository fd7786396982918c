//! Ids as clients write them.

use async_graphql::ID;
use uuid::Uuid;

use super::error::{ApiError, ErrorCode};
use crate::auth::UserId;

/// The UUID that an id spells, in letters of either case. Any other id simply does not exist.
pub fn uuid(id: &ID) -> Option<Uuid> {
    const HYPHENATED: usize = 36;
    (id.len() == HYPHENATED).then(|| Uuid::try_parse(id).ok()).flatten()
}

/// The UUID of the object that a mutation is about.
pub fn existing(id: &ID) -> Result<Uuid, ApiError> {
    uuid(id).ok_or_else(not_found)
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

/// The same answer for what does not exist and for what is somebody else's.
pub fn not_found() -> ApiError {
    ApiError::from(crate::store::StoreError::NotFound).field("input.id")
}
