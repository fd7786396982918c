//! Relay's global object identification.

use async_graphql::{ID, Interface};

use super::{task::Task, viewer::User};

/// Anything with an id. Ids are UUIDs, unique over all types (a User's id is the auth server's) and opaque to clients.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "&ID"))]
pub enum Node {
    /// The viewer.
    User(User),
    /// A task of the viewer's.
    Task(Task),
}
