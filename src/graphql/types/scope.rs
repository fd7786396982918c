//! Scopes. Each root type has a guard, so that no root field is without a check; the guard of a field replaces it.

use async_graphql::{Context, Enum, Guard};

use crate::{
    auth::{self, Viewer},
    error::ApiError,
    graphql::context::ContextExt,
};

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
        Ok(require(ctx.viewer()?, self.0)?)
    }
}

/// A guard: any valid token will do, whatever its scopes.
pub struct RequireToken;

impl Guard for RequireToken {
    async fn check(&self, ctx: &Context<'_>) -> async_graphql::Result<()> {
        ctx.viewer()?;
        Ok(())
    }
}

/// # Errors
/// `FORBIDDEN` if the viewer's token lacks the scope.
pub fn require(viewer: &Viewer, scope: auth::Scope) -> Result<(), ApiError> {
    if viewer.session().scopes().contains(&scope) {
        Ok(())
    } else {
        Err(ApiError::missing_scope(scope))
    }
}
