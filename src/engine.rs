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
mod error;
mod execution;
mod operation_cache;
mod persisted;
mod plan;
mod request;
mod result;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use self::{
    document::DocumentValidator, operation_cache::OperationCache, persisted::PersistedDocuments,
};
pub use self::{
    document::{Limits, OperationType},
    error::RequestError,
    execution::{ParsedRequest, ResultStream},
    persisted::{PersistedSettings, TrustedDocuments},
    request::GraphqlRequest,
    result::ExecutionResult,
};
use crate::{
    auth::{Authenticator, Viewer},
    graphql::{self, Schema, context::RequestContext},
    store::{Budget, Store},
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
    /// The maximum size of a response, in bytes.
    pub max_response: usize,
}

/// Executes GraphQL requests.
pub struct Engine {
    schema: Schema,
    validator: DocumentValidator,
    operations: OperationCache,
    persisted: PersistedDocuments,
    store: Arc<Store>,
    authenticator: Arc<Authenticator>,
    clock: Clock,
    timeout: Duration,
    max_response: usize,
    planned: AtomicU64,
    uses_plans: AtomicBool,
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
        let EngineSettings { limits, introspection, persisted, timeout, max_response } = settings;
        let schema = graphql::schema();
        let validator =
            DocumentValidator::new(&schema.sdl(), graphql::registry(), limits, introspection);
        Self {
            schema,
            validator,
            operations: OperationCache::default(),
            persisted: PersistedDocuments::new(persisted),
            store,
            authenticator,
            clock,
            timeout,
            max_response,
            planned: AtomicU64::new(0),
            uses_plans: AtomicBool::new(true),
        }
    }

    /// How many operations a compiled plan has answered since the start.
    #[must_use]
    pub fn planned_operations(&self) -> u64 {
        self.planned.load(Ordering::Relaxed)
    }

    /// Whether plans execute operations. The library executes them all otherwise, with the same results: for
    /// tests that compare the two.
    pub fn use_plans(&self, uses_plans: bool) {
        self.uses_plans.store(uses_plans, Ordering::Relaxed);
    }

    fn context(&self, viewer: &Viewer) -> RequestContext {
        let store = self.store.for_viewer(viewer, Budget::new(self.max_response));
        let authenticator = Arc::clone(&self.authenticator);
        RequestContext::new(viewer.clone(), store, authenticator, self.clock.clone())
    }
}
