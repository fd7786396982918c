//! What a resolver may ask its context for, by name.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Context;
use chrono::NaiveDate;

use crate::{
    auth::{Authenticator, Viewer},
    error::{ApiError, ErrorCode},
    store::OwnedStore,
    time::{Clock, Timestamp},
};

/// What the guard puts into the context of an operation that asks for anything of the viewer's.
pub struct RequestContext {
    /// Who is asking.
    pub viewer: Viewer,
    /// The rows of the viewer, and of nobody else.
    pub store: OwnedStore,
    /// The guard itself, which a sign-out tells whom to let in no more.
    pub authenticator: Arc<Authenticator>,
    clock: Clock,
    now: Mutex<Timestamp>,
}

impl RequestContext {
    /// The context of a request that comes now.
    #[must_use]
    pub fn new(
        viewer: Viewer,
        store: OwnedStore,
        authenticator: Arc<Authenticator>,
        clock: Clock,
    ) -> Self {
        let now = Mutex::new(clock.now());
        Self { viewer, store, authenticator, clock, now }
    }

    /// The instant at which the request came, or the present message of a subscription was made.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The day of that instant, in the viewer's zone.
    ///
    /// # Errors
    /// When the zone cannot be read.
    pub async fn today(&self) -> Result<NaiveDate, ApiError> {
        Ok(self.store.zone().await?.day(self.now()))
    }

    /// Begins the next message of a subscription, which is read as if it were a request of its own.
    pub async fn renew(&self) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = self.clock.now();
        self.store.renew().await;
    }
}

/// Who is asking, what they own, and when.
pub trait ContextExt {
    /// What the guard has put here.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when the guard let nobody in: it refuses such an operation before it runs.
    fn request(&self) -> Result<&RequestContext, ApiError>;

    /// Who is asking.
    ///
    /// # Errors
    /// See [`ContextExt::request`].
    fn viewer(&self) -> Result<&Viewer, ApiError> {
        Ok(&self.request()?.viewer)
    }

    /// The viewer's rows.
    ///
    /// # Errors
    /// See [`ContextExt::request`].
    fn store(&self) -> Result<&OwnedStore, ApiError> {
        Ok(&self.request()?.store)
    }
}

impl ContextExt for Context<'_> {
    fn request(&self) -> Result<&RequestContext, ApiError> {
        self.data_opt::<RequestContext>()
            .ok_or_else(|| ApiError::new(ErrorCode::Unauthenticated, "A token is needed here."))
    }
}
