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
mod rate_limit;
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
    rate_limit::RateLimiter,
};
pub use self::{
    document::{Limits, OperationType},
    error::RequestError,
    execution::{ParsedRequest, ResultStream},
    persisted::{PersistedSettings, TrustedDocuments},
    rate_limit::{Client, RateLimited, RateSettings, RateStatus, WINDOW_SECONDS},
    request::GraphqlRequest,
    result::{ExecutionResult, Message},
};
use crate::{
    auth::{Authenticator, Viewer},
    graphql::{self, Schema, context::RequestContext, types::rate_limit::RateLimit},
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
    /// How much a client may ask for in a minute.
    pub rates: RateSettings,
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
    rates: RateLimiter,
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
        let EngineSettings { limits, introspection, persisted, timeout, max_response, rates } =
            settings;
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
            rates: RateLimiter::new(rates, clock.clone()),
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

    /// What is left of the points of a client; `None` without a limit.
    #[must_use]
    pub fn rate_status(&self, client: &Client) -> Option<RateStatus> {
        self.rates.status(client)
    }

    /// Why a request is refused, which costs a point as well: where the client has none left, that is why.
    #[must_use]
    pub fn refuse(&self, client: &Client, error: RequestError) -> RequestError {
        const REFUSAL: u32 = 1;
        self.rates.take(client, REFUSAL).map_or_else(Into::into, |_| error)
    }

    fn context(&self, viewer: &Viewer, points: u32, rate: Option<RateStatus>) -> RequestContext {
        let store = self.store.for_viewer(viewer, Budget::new(self.max_response));
        let authenticator = Arc::clone(&self.authenticator);
        let integer = |points| i32::try_from(points).unwrap_or(i32::MAX);
        let rate_limit = RateLimit {
            cost: integer(points),
            limit: rate.map_or(i32::MAX, |rate| integer(rate.limit)),
            remaining: rate.map_or(i32::MAX, |rate| integer(rate.remaining)),
            reset_at: rate.map_or_else(|| self.clock.now(), |rate| rate.reset_at),
        };
        RequestContext::new(viewer.clone(), store, authenticator, self.clock.clone(), rate_limit)
    }
}
