//! The subscription root.

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
    store::{self, StoreError, Subscriber, SyncCursor},
};

/// The most changes in one result.
const MAX_CHANGES: usize = 100;
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Retries an expression while the database is unavailable: the subscription is delayed, but loses nothing.
/// (This is a macro, because a function would have to take a closure that returns a future, and its own future
/// would not be `Send`.)
macro_rules! retry_while_unavailable {
    ($attempt:expr) => {
        loop {
            match $attempt {
                Err(error) if StoreError::is_unavailable(&error) => {
                    tracing::debug!(?error, "changes cannot be read: retrying");
                    sleep(RETRY_DELAY).await;
                }
                result => break result,
            }
        }
    };
}

/// Reads the next changes: fewer at a time while they are larger than the budget, since a client cannot ask a
/// subscription for less.
async fn read_changes(
    request: &RequestContext,
    cursor: SyncCursor,
) -> Result<store::ChangePage, StoreError> {
    let mut most = MAX_CHANGES;
    loop {
        let store = &request.store;
        let columns = store.object_columns();
        match retry_while_unavailable!(store.changes(Some(cursor), most, columns).await) {
            Err(StoreError::TooLarge(_)) if most > 1 => {
                most /= 2;
                store.budget().renew();
            }
            result => return result,
        }
    }
}

/// The subscription root: only the viewer's data.
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
        // Subscribes before it reads the log, so that no change in between is missed.
        let subscriber = retry_while_unavailable!(request.store.subscribe().await)?;
        let turn = request.store.messages().turn().await;
        let first = match since {
            Some(cursor) => read_changes(request, cursor).await?,
            None => store::ChangePage::empty(retry_while_unavailable!(
                request.store.end_of_log().await
            )?),
        };
        request.store.messages().begin(turn);
        let (cursor, has_more) = (first.place, first.has_more);
        let changes = ChangeStream { request, subscriber, cursor, has_more, first: Some(first) };
        Ok(stream::try_unfold(changes, ChangeStream::next))
    }
}

/// The state of a subscription to the viewer's changes.
struct ChangeStream<'a> {
    request: &'a RequestContext,
    subscriber: Subscriber,
    cursor: SyncCursor,
    /// Whether there are changes after the cursor already.
    has_more: bool,
    /// Sent at once, even without changes, so that the client has a cursor.
    first: Option<store::ChangePage>,
}

impl ChangeStream<'_> {
    async fn next(mut self) -> Result<Option<(ChangePage, Self)>, ApiError> {
        let page = match self.first.take() {
            Some(page) => page,
            None => self.next_page().await?,
        };
        Ok(Some((ChangePage::new(&page, self.request.viewer.id())?, self)))
    }

    /// Waits for changes and reads them.
    async fn next_page(&mut self) -> Result<store::ChangePage, ApiError> {
        loop {
            if !self.has_more {
                self.subscriber.changed().await;
            }
            let messages = self.request.store.messages();
            let turn = messages.turn().await;
            self.request.renew().await;
            let page = read_changes(self.request, self.cursor).await?;
            (self.cursor, self.has_more) = (page.place, page.has_more);
            if page.reset || !page.changes.is_empty() {
                messages.begin(turn);
                return Ok(page);
            }
        }
    }
}
