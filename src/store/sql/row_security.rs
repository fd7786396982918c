//! Whose rows a statement reaches. On PostgreSQL with row-level security, the database itself sees to it.
//!
//! The policies compare a row with what the transaction says, and a transaction that says nothing reaches no
//! row. What it says ends with it, so that the next one on the same connection has to say it again.

use std::fmt::{self, Display};

use base64::{Engine, prelude::BASE64_STANDARD};

/// The rows that a statement or a transaction may reach.
#[derive(Clone, Copy, Debug)]
pub enum RowScope<'u> {
    /// Those of the user with that `sub`.
    User(&'u str),
    /// Those of all users.
    All,
}

/// The statement that says so, until the end of the transaction. In base64, no `sub` can end its literal.
impl Display for RowScope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(sub) => {
                let sub = BASE64_STANDARD.encode(sub);
                write!(
                    f,
                    "SELECT set_config('taskward.sub', \
                     convert_from(decode('{sub}', 'base64'), 'UTF8'), true)"
                )
            }
            Self::All => f.write_str("SELECT set_config('taskward.all_users', 'on', true)"),
        }
    }
}
