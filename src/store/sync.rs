//! What other devices and other replicas learn: the log of changes, notifications, sign-outs.

pub(super) mod change_seq;
pub(super) mod log;
pub(super) mod replicas;
pub(super) mod revocation;
