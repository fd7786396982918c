//! The fields that are told again and again.

use std::time::Duration;

use async_graphql::{Context, Subscription};
use futures_util::{Stream, stream};
use tokio::time::sleep;

use super::{
    context::{ContextExt, RequestContext},
    types::{
        change_page::{self, ChangePage},
        scope::RequireScope,
    },
};
use crate::{
    auth,
    error::ApiError,
    feed::Subscriber,
    store::{self, StoreError, SyncCursor},
};

/// How many changes a message holds at the most.
const MOST: usize = 100;
/// How long to wait for a database that is away.
const PAUSE: Duration = Duration::from_secs(1);

/// Does something again and again while the database is away: nothing is lost then but time. (As a
/// function that takes a future-making closure it could not be sent between threads.)
macro_rules! retry_while_unavailable {
    ($ask:expr) => {
        loop {
            match $ask {
                Err(error) if StoreError::is_unavailable(&error) => {
                    tracing::debug!(?error, "what has changed cannot be read: trying again");
                    sleep(PAUSE).await;
                }
                outcome => break outcome,
            }
        }
    };
}

/// Reads what has changed, when it is this subscriber's turn.
async fn read(
    request: &RequestContext,
    subscriber: &Subscriber,
    place: SyncCursor,
) -> Result<store::ChangePage, StoreError> {
    let _turn = subscriber.permit().await;
    retry_while_unavailable!(request.store.changes(Some(place), MOST).await)
}

/// The root of what can be followed: the viewer's own, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Subscription;

#[Subscription(guard = RequireScope(auth::Scope::Read))]
impl Subscription {
    /// First all changes after `since`, then each as it happens: reconnecting with the last cursor misses nothing. Null `since`: only what happens from now on.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        since: Option<String>,
    ) -> Result<impl Stream<Item = Result<ChangePage, ApiError>>, ApiError> {
        let request = ctx.request()?;
        let since =
            since.map(|since| change_page::place(request.viewer.id(), &since)).transpose()?;
        // The feed comes first: what changes while the log is read is heard afterwards.
        let subscriber = retry_while_unavailable!(request.store.subscribe().await)?;
        let first = match since {
            Some(place) => read(request, &subscriber, place).await?,
            None => store::ChangePage::empty(retry_while_unavailable!(
                request.store.end_of_log().await
            )?),
        };
        let (place, has_more) = (first.place, first.has_more);
        let follow = Follow { request, subscriber, place, has_more, first: Some(first) };
        Ok(stream::try_unfold(follow, Follow::next))
    }
}

/// A place in the viewer's log that moves on with what is told.
struct Follow<'a> {
    request: &'a RequestContext,
    subscriber: Subscriber,
    place: SyncCursor,
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

    /// Waits for changes and reads them.
    async fn read_on(&mut self) -> Result<store::ChangePage, ApiError> {
        loop {
            if !self.has_more {
                self.subscriber.changed().await;
            }
            self.request.renew().await;
            let page = read(self.request, &self.subscriber, self.place).await?;
            (self.place, self.has_more) = (page.place, page.has_more);
            if page.reset || !page.changes.is_empty() {
                return Ok(page);
            }
        }
    }
}
