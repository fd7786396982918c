//! The context of a request, which resolvers use.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, ID};
use chrono::NaiveDate;

use super::types::rate_limit::RateLimit;
use crate::{
    auth::{Authenticator, Viewer},
    error::{ApiError, ErrorCode},
    store::OwnedStore,
    time::{Clock, Timestamp},
};

/// The context of a request with a viewer.
pub struct RequestContext {
    pub viewer: Viewer,
    /// The rows of the viewer only.
    pub store: OwnedStore,
    /// For `signOut`, which revokes tokens.
    pub authenticator: Arc<Authenticator>,
    /// What the request cost, and what is left.
    pub rate_limit: RateLimit,
    clock: Clock,
    now: Mutex<Timestamp>,
}

impl RequestContext {
    pub fn new(
        viewer: Viewer,
        store: OwnedStore,
        authenticator: Arc<Authenticator>,
        clock: Clock,
        rate_limit: RateLimit,
    ) -> Self {
        let now = Mutex::new(clock.now());
        Self { viewer, store, authenticator, rate_limit, clock, now }
    }

    /// The instant of the request, or of the current result of a subscription. It is the same for all fields.
    pub fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The day of that instant in the viewer's zone.
    ///
    /// # Errors
    /// When the zone cannot be read.
    pub async fn today(&self) -> Result<NaiveDate, ApiError> {
        Ok(self.store.zone().await?.day(self.now()))
    }

    /// Starts the next result of a subscription, which is read like a request of its own.
    pub async fn renew(&self) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = self.clock.now();
        self.store.renew().await;
    }
}

/// Access to the [`RequestContext`] from a resolver.
pub trait ContextExt {
    /// # Errors
    /// `UNAUTHENTICATED` without a viewer. The engine refuses such an operation before it is executed.
    fn request(&self) -> Result<&RequestContext, ApiError>;

    /// # Errors
    /// See [`ContextExt::request`].
    fn viewer(&self) -> Result<&Viewer, ApiError> {
        Ok(&self.request()?.viewer)
    }

    /// Charges the budget of the request with a text, each time that it is shown.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX` past the budget.
    fn shown<'t>(&self, text: &'t str) -> Result<&'t str, ApiError> {
        self.store()?.budget().write(text.len())?;
        Ok(text)
    }

    /// Charges it with a list of ids, in the same way.
    ///
    /// # Errors
    /// See [`ContextExt::shown`].
    fn shown_ids<'t>(&self, ids: &'t [ID]) -> Result<&'t [ID], ApiError> {
        let bytes = ids.iter().map(|id| id.len()).sum();
        self.store()?.budget().write(bytes)?;
        Ok(ids)
    }

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
