//! The fields that are told again and again.

use std::time::Duration;

use async_graphql::{Context, Subscription};
use futures_util::{Stream, stream};
use tokio::time::sleep;

use super::{
    context::{ContextExt, RequestContext},
    error::ApiError,
    scope::Needs,
    sync::{self, ChangePage},
};
use crate::{
    auth,
    feed::Follower,
    store::{self, LogPlace},
};

/// How many changes a message holds at the most.
const MOST: usize = 100;
/// How long to wait for a database that is away.
const PAUSE: Duration = Duration::from_secs(1);

/// The root of what can be followed: the viewer's own, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Subscription;

#[Subscription(guard = Needs(auth::Scope::Read))]
impl Subscription {
    /// First all changes after `since`, then each as it happens: reconnecting with the last cursor misses nothing. Null `since`: only what happens from now on.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        since: Option<String>,
    ) -> Result<impl Stream<Item = Result<ChangePage, ApiError>>, ApiError> {
        let request = ctx.request()?;
        let since = since.map(|since| sync::place(request.viewer.id(), &since)).transpose()?;
        // The feed comes first: what changes while the log is read is heard afterwards.
        let follower = request.store.follow().await?;
        let first = match since {
            Some(place) => request.store.changes(Some(place), MOST).await?,
            None => store::ChangePage::empty(request.store.end_of_log().await?),
        };
        let (place, has_more) = (first.place, first.has_more);
        let follow = Follow { request, follower, place, has_more, first: Some(first) };
        Ok(stream::try_unfold(follow, Follow::next))
    }
}

/// A place in the viewer's log that moves on with what is told.
struct Follow<'a> {
    request: &'a RequestContext,
    follower: Follower,
    place: LogPlace,
    /// Whether there is more behind it already.
    has_more: bool,
    /// Told at once, whatever is in it, so that the client has a cursor.
    first: Option<store::ChangePage>,
}

impl Follow<'_> {
    async fn next(mut self) -> Result<Option<(ChangePage, Self)>, ApiError> {
        let page = match self.first.take() {
            Some(page) => page,
            None => self.read_on().await?,
        };
        Ok(Some((ChangePage::new(page, self.request.viewer.id()), self)))
    }

    /// Waits for changes and reads them. While the database is away nothing is lost but time.
    async fn read_on(&mut self) -> Result<store::ChangePage, ApiError> {
        loop {
            if !self.has_more {
                self.follower.news().await;
            }
            self.request.renew().await;
            let page = match self.request.store.changes(Some(self.place), MOST).await {
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(?error, "changes cannot be read: trying again");
                    self.has_more = true;
                    sleep(PAUSE).await;
                    continue;
                }
                page => page?,
            };
            (self.place, self.has_more) = (page.place, page.has_more);
            if page.reset || !page.changes.is_empty() {
                return Ok(page);
            }
        }
    }
}
