//! The session: the token of the request, and its end.

use async_graphql::{Context, ID, InputObject, SimpleObject};

use super::scope::Scope;
use crate::{
    auth::Revoked,
    error::ApiError,
    graphql::context::{ContextExt, RequestContext},
    time::Timestamp,
};

/// The verified credential of this request. It holds no secret.
#[derive(SimpleObject)]
pub struct Session {
    /// `sid` claim, else `jti`, else a digest of the token.
    id: ID,
    issuer: Option<String>,
    issued_at: Timestamp,
    /// When this token stops working; subscriptions are closed at the same instant.
    expires_at: Timestamp,
    /// Seconds left by the server's clock: schedule the refresh from this, not from the client's clock.
    expires_in: i32,
    scopes: Vec<Scope>,
}

impl From<&RequestContext> for Session {
    fn from(request: &RequestContext) -> Self {
        let session = request.viewer.session();
        let left = (session.expires_at().millis() - request.now().millis()).max(0) / 1000;
        Self {
            id: session.id().into(),
            issuer: session.issuer().map(str::to_owned),
            issued_at: session.issued_at(),
            expires_at: session.expires_at(),
            expires_in: i32::try_from(left).unwrap_or(i32::MAX),
            scopes: session.scopes().iter().copied().map(Scope::from).collect(),
        }
    }
}

/// How far to sign out.
#[derive(InputObject)]
pub struct SignOutInput {
    /// False: this token, with all others of its `sid` where it has one. True: every other one too.
    #[graphql(default)]
    everywhere: bool,
}

/// What is refused from now on.
#[derive(SimpleObject)]
pub struct SignOutPayload {
    /// Tokens issued up to then are refused; null when only this one is.
    revoked_before: Option<Timestamp>,
}

impl SignOutInput {
    pub async fn sign_out(self, ctx: &Context<'_>) -> Result<SignOutPayload, ApiError> {
        let request = ctx.request()?;
        let RequestContext { viewer, store, authenticator, .. } = request;
        let revoked = Revoked::by_sign_out(viewer.session(), self.everywhere, request.now());
        store.revoke(&revoked).await?;
        let revoked_before = revoked.iter().find_map(Revoked::issued_before);
        // This server does not wait until it learns it from the database: the answer tells it.
        authenticator.revoke(viewer.id(), revoked);
        Ok(SignOutPayload { revoked_before })
    }
}
