//! The sequence number of a change.

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// Which of a user's changes: the value that it gave to the user's counter.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    DeriveValueType,
)]
pub struct ChangeSeq(pub(in crate::store) i64);

impl ChangeSeq {
    /// Before all changes.
    pub const ZERO: Self = Self(0);
    /// The first change of a user.
    pub const FIRST: Self = Self(1);
    /// After all changes.
    pub const MAX: Self = Self(i64::MAX);

    /// The next change.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
