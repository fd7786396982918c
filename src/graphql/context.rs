//! What a resolver may ask its context for, by name.

use std::sync::Arc;

use async_graphql::Context;
use chrono::NaiveDate;

use super::error::{ApiError, ErrorCode};
use crate::{
    auth::{Authenticator, Viewer},
    clock::Instant,
    store::OwnedStore,
};

/// What the guard puts into the context of an operation that asks for anything of the viewer's.
pub struct RequestContext {
    /// Who is asking.
    pub viewer: Viewer,
    /// The rows of the viewer, and of nobody else.
    pub store: OwnedStore,
    /// The guard itself, which a sign-out tells whom to let in no more.
    pub authenticator: Arc<Authenticator>,
    /// The instant at which the request came.
    pub now: Instant,
}

impl RequestContext {
    /// The day on which the request came, in the viewer's zone.
    ///
    /// # Errors
    /// When the zone cannot be read.
    pub async fn today(&self) -> Result<NaiveDate, ApiError> {
        Ok(self.store.zone().await?.day(self.now))
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
