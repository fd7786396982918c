//! The one way in: a GraphQL request and its viewer become a result, or a stream of results.
//!
//! Transports (HTTP, WebSocket, event stream) call [`Engine`] and know nothing of the schema; the engine
//! knows nothing of them: a [`RequestError`] says what is wrong, and the transport chooses the status.
//!
//! ```text
//! GraphqlRequest ── parse ──► ParsedRequest ──┬── execute ──► ExecutionResult
//!                   which document,           └── stream ───► ExecutionResult, again and again
//!                   which operation
//! ```

mod document;
mod document_cache;
mod error;
mod execution;
mod persisted;
mod plan;
mod request;
mod result;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use self::{
    document::DocumentValidator, document_cache::DocumentCache, persisted::PersistedDocuments,
};
pub use self::{
    document::Limits,
    error::RequestError,
    execution::{ParsedRequest, ResultStream},
    persisted::{PersistedSettings, TrustedDocuments},
    request::GraphqlRequest,
    result::ExecutionResult,
};
use crate::{
    auth::{Authenticator, Viewer},
    graphql::{self, Schema, context::RequestContext},
    store::Store,
    time::Clock,
};

/// What is configured of the engine.
#[derive(Clone, Debug, Default)]
pub struct EngineSettings {
    /// The largest documents.
    pub limits: Limits,
    /// Whether `__schema` and `__type` are answered.
    pub introspection: bool,
    /// The documents that requests may name.
    pub persisted: PersistedSettings,
    /// The longest that a query or mutation of a stream may take.
    pub timeout: Duration,
}

/// Executes GraphQL requests.
pub struct Engine {
    schema: Schema,
    validator: DocumentValidator,
    documents: DocumentCache,
    persisted: PersistedDocuments,
    store: Arc<Store>,
    authenticator: Arc<Authenticator>,
    clock: Clock,
    timeout: Duration,
    planned: AtomicU64,
}

impl Engine {
    /// An engine over the rows of that store.
    #[must_use]
    pub fn new(
        settings: EngineSettings,
        store: Arc<Store>,
        authenticator: Arc<Authenticator>,
        clock: Clock,
    ) -> Self {
        let EngineSettings { limits, introspection, persisted, timeout } = settings;
        Self {
            schema: graphql::schema(introspection),
            validator: DocumentValidator::new(graphql::registry(), limits, introspection),
            documents: DocumentCache::default(),
            persisted: PersistedDocuments::new(persisted),
            store,
            authenticator,
            clock,
            timeout,
            planned: AtomicU64::new(0),
        }
    }

    /// How many operations a compiled plan has answered since the start.
    #[must_use]
    pub fn planned_operations(&self) -> u64 {
        self.planned.load(Ordering::Relaxed)
    }

    fn context(&self, viewer: &Viewer) -> RequestContext {
        let store = self.store.for_viewer(viewer);
        let (authenticator, clock) = (Arc::clone(&self.authenticator), self.clock.clone());
        RequestContext::new(viewer.clone(), store, authenticator, clock)
    }
}
