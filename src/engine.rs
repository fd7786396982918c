//! Executes GraphQL requests, independently of the transport.
//!
//! HTTP, WebSockets and event streams call [`Engine`] with a request and its viewer. They do not use the
//! schema, and the engine does not use them: a [`RequestError`] is the reason why a request is not executed,
//! and the transport chooses the status.
//!
//! ```text
//! GraphqlRequest ── parse ──► ParsedRequest ──┬── execute ──► ExecutionResult
//!                                             └── stream ───► stream of ExecutionResult
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

/// The settings of the engine.
#[derive(Clone, Debug, Default)]
pub struct EngineSettings {
    /// The limits on documents.
    pub limits: Limits,
    /// Whether clients may query `__schema` and `__type`.
    pub introspection: bool,
    /// Persisted documents.
    pub persisted: PersistedSettings,
    /// How long a query or mutation may take in [`Engine::stream`].
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
    /// An engine that reads and writes that store.
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
        let authenticator = Arc::clone(&self.authenticator);
        RequestContext::new(viewer.clone(), store, authenticator, self.clock.clone())
    }
}
