//! The type `RateLimit`.

use async_graphql::SimpleObject;

use crate::time::Timestamp;

/// How many points you may use in a minute. A request costs 1, one more for each hundred objects that it may return, and one more for each operation of a mutation.
#[derive(SimpleObject, Clone, Copy, Debug)]
pub struct RateLimit {
    /// The points of this request.
    pub cost: i32,
    /// The points of a minute; the largest Int where the server has no limit.
    pub limit: i32,
    /// The points that are left after this request. They come back steadily.
    pub remaining: i32,
    /// When all points will be back.
    pub reset_at: Timestamp,
}
