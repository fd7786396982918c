//! Builds the application from its parts, for the server and for the tests.

mod supervisor;

use std::{sync::Arc, time::Duration};

use axum::Router;
use sea_orm::DbErr;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use self::supervisor::BackgroundTasks;
use self::supervisor::Supervisor;
use crate::{
    auth::Authenticator,
    config::Config,
    engine::Engine,
    http::{self, AppState, ConnectionCounter, HttpSettings, Playground},
    store::Store,
    time::Clock,
};
pub use crate::{http::ServerLimits, store::SystemStore};

/// How often expired data is purged.
const MAINTENANCE_INTERVAL: Duration = Duration::from_mins(10);

/// The application, ready to be served.
pub struct App {
    state: Arc<AppState>,
    supervisor: Supervisor,
    /// The limits on TCP connections while it is served.
    pub limits: ServerLimits,
}

impl App {
    /// Connects to the database, migrates it, and builds the parts. `token` is for GraphiQL in development
    /// mode.
    ///
    /// # Errors
    /// When the database cannot be reached, migrated or read.
    pub async fn build(config: Config, clock: Clock, token: Option<String>) -> Result<Self, DbErr> {
        let store = Store::open(
            &config.database_url,
            config.pool_size,
            config.quotas,
            clock.clone(),
            config.row_security,
        )
        .await?;
        let store = Arc::new(store);
        let authenticator = Authenticator::new(config.tokens, store.for_system(), clock.clone());
        let timeout = config.engine.timeout;
        let limits = ServerLimits::new(config.connections, config.pool_size);
        let assets = config.playground_assets;
        let state = Arc::new(AppState {
            engine: Engine::new(
                config.engine,
                Arc::clone(&store),
                Arc::clone(&authenticator),
                clock.clone(),
            ),
            authenticator,
            store,
            clock,
            shutdown: CancellationToken::new(),
            connections: ConnectionCounter::new(config.connections),
            settings: HttpSettings {
                body_limit: config.body_limit,
                timeout,
                origins: config.origins,
                trusted_proxies: config.trusted_proxies,
                playground: config.playground.then_some(Playground { assets, token }),
                local_only: config.development,
            },
        });
        let refreshed = state.authenticator.refresh_revocations().await;
        refreshed.map_err(|error| DbErr::Custom(error.to_string()))?;
        let supervisor = background_tasks(&state);
        Ok(Self { state, supervisor, limits })
    }

    /// The routes with all layers.
    pub fn router(&self) -> Router {
        http::router(Arc::clone(&self.state))
    }

    /// The rows of all users, for work outside of requests.
    #[must_use]
    pub fn system(&self) -> SystemStore {
        self.state.store.for_system()
    }

    /// Verifies tokens. Its keys are refreshed only while [`App::serve`] runs.
    #[must_use]
    pub fn authenticator(&self) -> &Arc<Authenticator> {
        &self.state.authenticator
    }

    /// Executes requests without HTTP.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.state.engine
    }

    /// Returns how many operations a compiled plan has answered since the start. The closure does not borrow
    /// the application.
    pub fn planned_operations(&self) -> impl Fn() -> u64 + Send + Sync + use<> {
        let state = Arc::clone(&self.state);
        move || state.engine.planned_operations()
    }

    /// Switches plans on or off, see [`Engine::use_plans`]. The closure does not borrow the application.
    pub fn use_plans(&self) -> impl Fn(bool) + Send + Sync + use<> {
        let state = Arc::clone(&self.state);
        move |uses_plans| state.engine.use_plans(uses_plans)
    }

    /// The background tasks, which run while [`App::serve`] runs.
    #[must_use]
    pub fn background_tasks(&self) -> BackgroundTasks {
        self.supervisor.tasks()
    }

    /// Serves until `stop` resolves. Then it completes the running requests, and closes the WebSockets and
    /// event streams, so that their clients reconnect.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let router = self.router();
        let Self { state, supervisor, limits } = self;
        let background = tokio::spawn(supervisor.run());
        let shutdown = state.shutdown.clone();
        let stopping = async move {
            stop.await;
            tracing::info!("stopping: new requests are refused, running ones are completed");
            shutdown.cancel();
        };
        let serving = async {
            let trusted_proxies = state.settings.trusted_proxies.clone();
            http::serve(listener, router, limits, trusted_proxies, stopping).await;
            // The server does not wait for connections that were upgraded to WebSockets.
            state.connections.all_closed().await;
        };
        // A client that does not read its response must not keep the server from stopping.
        let deadline = async {
            state.shutdown.cancelled().await;
            tokio::time::sleep(state.settings.timeout + Duration::from_secs(1)).await;
        };
        tokio::select! {
            () = serving => {}
            () = deadline => {}
        }
        background.abort();
    }
}

fn background_tasks(state: &Arc<AppState>) -> Supervisor {
    let system = || state.store.for_system();
    let authenticator = || Arc::clone(&state.authenticator);
    let mut supervisor = Supervisor::default();
    if state.authenticator.has_key_set() {
        let keys = authenticator();
        supervisor.add("key refresh", move || Arc::clone(&keys).run());
    }
    let polled = authenticator();
    supervisor.add("sign-out polling", move || Arc::clone(&polled).poll_revocations());
    let (maintained, store) = (authenticator(), system());
    supervisor.add("maintenance", move || run_maintenance(Arc::clone(&maintained), store.clone()));
    let store = system();
    if store.has_replicas() {
        supervisor.add("replication", move || {
            let store = store.clone();
            async move { store.run_replication().await }
        });
    }
    supervisor
}

/// Purges expired data periodically.
async fn run_maintenance(authenticator: Arc<Authenticator>, store: SystemStore) {
    let mut interval = tokio::time::interval(MAINTENANCE_INTERVAL);
    loop {
        interval.tick().await;
        authenticator.purge_revocations();
        if let Err(error) = store.purge().await {
            tracing::warn!(?error, "expired data could not be purged: retrying in the next round");
        }
    }
}
