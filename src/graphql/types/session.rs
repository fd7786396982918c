//! The type `Session`, and `signOut`.

use async_graphql::{ID, InputObject, SimpleObject};

use super::scope::{self, Scope};
use crate::{
    auth::{self, Revoked},
    error::ApiError,
    graphql::context::RequestContext,
    time::Timestamp,
};

/// The verified credential of this request. It holds no secret.
#[derive(SimpleObject)]
pub struct Session {
    /// `sid` claim, else `jti`, else a digest of the token.
    pub id: ID,
    pub issuer: Option<String>,
    pub issued_at: Timestamp,
    /// When this token stops working; subscriptions are closed at the same instant.
    pub expires_at: Timestamp,
    /// Seconds left by the server's clock: schedule the refresh from this, not from the client's clock.
    pub expires_in: i32,
    pub scopes: Vec<Scope>,
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

/// Which tokens to revoke.
#[derive(InputObject)]
pub struct SignOutInput {
    /// False: this token and, if it has a `sid`, all tokens of the same `sid`. True: all tokens of the user issued up to now, which needs the scope `tasks:write`.
    #[graphql(default)]
    everywhere: bool,
}

/// Which tokens are revoked.
#[derive(SimpleObject)]
pub struct SignOutPayload {
    /// Tokens issued up to then are refused; null when only this one is.
    pub revoked_before: Option<Timestamp>,
}

impl SignOutInput {
    pub async fn sign_out(self, request: &RequestContext) -> Result<SignOutPayload, ApiError> {
        let RequestContext { viewer, store, authenticator, .. } = request;
        if self.everywhere {
            scope::require(viewer, auth::Scope::Write)?;
        }
        let now = authenticator.issuer_now();
        let revoked = Revoked::by_sign_out(viewer.session(), self.everywhere, now);
        store.revoke(&revoked).await?;
        let revoked_before = revoked.iter().find_map(Revoked::issued_before);
        // This process applies it at once; other replicas read it from the database.
        authenticator.revoke(viewer.id(), revoked);
        Ok(SignOutPayload { revoked_before })
    }
}
