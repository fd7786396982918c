//! Scopes. Each root type has a guard, so that no root field is without a check.

use async_graphql::{Context, Enum, Guard};

use crate::{auth, error::ApiError, graphql::context::ContextExt};

/// From the `scope` claim (`tasks:read tasks:write`); a token without the claim has both.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "auth::Scope")]
pub enum Scope {
    Read,
    Write,
}

/// A guard: the viewer's token must have the scope.
pub struct RequireScope(pub auth::Scope);

impl Guard for RequireScope {
    async fn check(&self, ctx: &Context<'_>) -> async_graphql::Result<()> {
        if ctx.viewer()?.session().scopes().contains(&self.0) {
            Ok(())
        } else {
            Err(ApiError::missing_scope(self.0).into())
        }
    }
}
