//! The type `User`, and `updateViewer`.

use async_graphql::{ComplexObject, Context, ID, InputObject, MaybeUndefined, SimpleObject};

use super::{change_page, session::Session};
use crate::{
    error::ApiError,
    graphql::{
        context::{ContextExt, RequestContext},
        query::Query,
    },
    time::Zone,
};

/// The authenticated user.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct User {
    /// The token's `sub`.
    pub id: ID,
    pub email: Option<String>,
    pub name: Option<String>,
    pub image: Option<String>,
    pub session: Session,
}

#[ComplexObject]
impl User {
    /// Decides what `overdue` and `dueOn.within` mean by a day. Default UTC.
    async fn time_zone(&self, ctx: &Context<'_>) -> Result<Zone, ApiError> {
        Ok(ctx.store()?.zone().await?)
    }
}

impl From<&RequestContext> for User {
    fn from(request: &RequestContext) -> Self {
        let viewer = &request.viewer;
        Self {
            id: viewer.id().as_str().into(),
            email: viewer.email().map(str::to_owned),
            name: viewer.name().map(str::to_owned),
            image: viewer.image().map(str::to_owned),
            session: request.into(),
        }
    }
}

/// A field left out stays as it is.
#[derive(InputObject)]
pub struct UpdateViewerInput {
    /// Null sets UTC. The due days of tasks do not change.
    time_zone: MaybeUndefined<Zone>,
}

impl UpdateViewerInput {
    pub async fn update(self, request: &RequestContext) -> Result<ViewerPayload, ApiError> {
        let zone = match self.time_zone {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(Zone::UTC),
            MaybeUndefined::Value(zone) => Some(zone),
        };
        let committed = request.store.viewer_update(zone).await?;
        let cursor = change_page::cursor(request.viewer.id(), committed.change_seq);
        Ok(ViewerPayload { viewer: request.into(), query: Query, cursor })
    }
}

/// The viewer as they are now.
#[derive(SimpleObject)]
pub struct ViewerPayload {
    pub viewer: User,
    pub query: Query,
    pub cursor: String,
}
