//! The viewer: who is asking, and with which session.

use async_graphql::{ComplexObject, Context, ID, InputObject, MaybeUndefined, SimpleObject};

use super::{
    context::{ContextExt, RequestContext},
    error::ApiError,
    query::Query,
    sync,
};
use crate::{auth, calendar::Zone, clock::Instant, store::LogPlace};

/// Who is asking.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct User {
    /// The token's `sub`.
    pub(super) id: ID,
    email: Option<String>,
    name: Option<String>,
    image: Option<String>,
    session: Session,
}

#[ComplexObject]
impl User {
    /// Decides what `overdue`, `dueOn.within` and recurrences mean by a day. Default UTC.
    async fn time_zone(&self, ctx: &Context<'_>) -> Result<Zone, ApiError> {
        Ok(ctx.store()?.zone().await?)
    }
}

/// The verified credential of this request. It holds no secret.
#[derive(SimpleObject)]
pub struct Session {
    /// `sid` claim, else `jti`, else a digest of the token.
    id: ID,
    issuer: Option<String>,
    issued_at: Instant,
    /// When this token stops working; subscriptions are closed at the same instant.
    expires_at: Instant,
    /// Seconds left by the server's clock: schedule the refresh from this, not from the client's clock.
    expires_in: i32,
}

impl From<&RequestContext> for User {
    fn from(request: &RequestContext) -> Self {
        let viewer = &request.viewer;
        Self {
            id: viewer.id().as_str().into(),
            email: viewer.email().map(str::to_owned),
            name: viewer.name().map(str::to_owned),
            image: viewer.image().map(str::to_owned),
            session: Session::new(viewer.session(), request.now()),
        }
    }
}

impl Session {
    fn new(session: &auth::Session, now: Instant) -> Self {
        let left = (session.expires_at().millis() - now.millis()).max(0) / 1000;
        Self {
            id: session.id().into(),
            issuer: session.issuer().map(str::to_owned),
            issued_at: session.issued_at(),
            expires_at: session.expires_at(),
            expires_in: i32::try_from(left).unwrap_or(i32::MAX),
        }
    }
}

/// A field left out stays as it is.
#[derive(InputObject)]
pub struct UpdateViewerInput {
    /// Null is UTC. Days that tasks are due on stay the same days.
    time_zone: MaybeUndefined<Zone>,
}

impl UpdateViewerInput {
    pub(super) async fn update(self, ctx: &Context<'_>) -> Result<ViewerPayload, ApiError> {
        let request = ctx.request()?;
        let zone = match self.time_zone {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(Zone::UTC),
            MaybeUndefined::Value(zone) => Some(zone),
        };
        let done = request.store.viewer_update(zone).await?;
        let cursor = sync::cursor(request.viewer.id(), LogPlace::behind(done.number));
        Ok(ViewerPayload { viewer: request.into(), query: Query, cursor })
    }
}

/// The viewer as they are now.
#[derive(SimpleObject)]
pub struct ViewerPayload {
    viewer: User,
    pub(super) query: Query,
    pub(super) cursor: String,
}
