//! SQL: connections, the differences between the databases, and rows read in part.

pub(super) mod cached_sql;
pub(super) mod connect;
pub(super) mod dialect;
pub(super) mod files;
pub(super) mod pool;
pub(super) mod projection;
pub(super) mod row_security;
pub(super) mod write_refusal;
