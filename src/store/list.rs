//! Lists: which rows, in which order, and a page of them.

pub(super) mod filter;
pub(super) mod keyset;
pub(super) mod listing;
pub(super) mod page;
pub(super) mod seal;
pub(super) mod search;
pub(super) mod text;
