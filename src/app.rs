//! The one place where everything meets. The tests build it too.

use std::{sync::Arc, time::Duration};

use axum::Router;
use sea_orm::DbErr;
use tokio::net::TcpListener;

use crate::{
    auth::Authenticator,
    clock::Clock,
    config::Config,
    document::Rules,
    graphql,
    http::{
        self, Connections, Draining, HttpSettings, KnownDocuments, PersistedDocuments, Playground,
        Served, Shared,
    },
    store::{Store, SystemStore},
};

/// How often what is old is looked for, to be deleted.
const HOUSEKEEPING: Duration = Duration::from_mins(10);
/// How often sign-outs at other servers are looked for: they have to be in force within a second.
const SIGN_OUTS: Duration = Duration::from_millis(500);

/// The application, ready to be served.
pub struct App {
    served: Served,
}

impl App {
    /// Connects to the database, brings it up to date, and puts the parts together. In development
    /// mode `token` is what GraphiQL starts with.
    ///
    /// # Errors
    /// When the database cannot be reached, not be brought up to date, or not tell who has signed out.
    pub async fn build(config: Config, clock: Clock, token: Option<String>) -> Result<Self, DbErr> {
        let store =
            Store::connect(&config.database_url, config.pool_size, config.quotas, clock.clone())
                .await?;
        store.migrate().await?;
        let assets = config.playground_assets;
        let types = graphql::types();
        let shared = Shared {
            schema: graphql::schema(config.introspection),
            rules: Rules::new(types, config.limits, config.introspection),
            known: KnownDocuments::default(),
            persisted: PersistedDocuments::new(config.persisted),
            authenticator: Authenticator::new(config.tokens, clock.clone()),
            store: Arc::new(store),
            clock,
            draining: Draining::default(),
            connections: Connections::new(config.live),
            settings: HttpSettings {
                body_limit: config.body_limit,
                timeout: config.timeout,
                origins: config.origins,
                playground: config.playground.then_some(Playground { assets, token }),
                local_only: config.development,
            },
        };
        let app = Self { served: Arc::new(shared) };
        learn_sign_outs(app.authenticator(), &app.system()).await?;
        Ok(app)
    }

    /// The routes with everything around them.
    pub fn router(&self) -> Router {
        http::router(Arc::clone(&self.served))
    }

    /// The work that is nobody's request.
    #[must_use]
    pub fn system(&self) -> SystemStore {
        self.served.store.for_system()
    }

    /// The guard, whose keys somebody has to keep fresh.
    #[must_use]
    pub fn authenticator(&self) -> &Arc<Authenticator> {
        &self.served.authenticator
    }

    /// Serves until `stop` comes, then lets the requests that run come to their end, and tells those
    /// who listen to come back.
    ///
    /// # Errors
    /// When the listener breaks.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let keys = tokio::spawn(Arc::clone(self.authenticator()).run());
        let guard = self.authenticator();
        let sign_outs = tokio::spawn(keep_informed(Arc::clone(guard), self.system()));
        let housekeeping = tokio::spawn(keep_house(Arc::clone(guard), self.system()));
        let system = self.system();
        let replicas = tokio::spawn(async move { system.keep_in_touch().await });
        let served = Arc::clone(&self.served);
        let drain = async move {
            stop.await;
            tracing::info!("stopping: no new requests, the running ones come to their end");
            served.draining.begin();
        };
        let serving = async {
            axum::serve(listener, self.router()).with_graceful_shutdown(drain).await?;
            // The server no longer knows of connections that have become WebSockets.
            self.served.connections.all_closed().await;
            Ok(())
        };
        // A client that never reads its answer must not keep the server from stopping.
        let patience = async {
            self.served.draining.begun().await;
            tokio::time::sleep(self.served.settings.timeout + Duration::from_secs(1)).await;
        };
        let result = tokio::select! {
            result = serving => result,
            () = patience => Ok(()),
        };
        keys.abort();
        sign_outs.abort();
        housekeeping.abort();
        replicas.abort();
        result
    }
}

/// Tells the guard who has signed out, here or at another server on the same database.
///
/// # Errors
/// When the database cannot be asked.
pub async fn learn_sign_outs(guard: &Authenticator, store: &SystemStore) -> Result<(), DbErr> {
    loop {
        let revocations = store.revocations_after(guard.learned()).await?;
        if revocations.is_empty() {
            return Ok(());
        }
        guard.learn(revocations);
    }
}

/// Tells the guard again and again, also after the database was away.
async fn keep_informed(guard: Arc<Authenticator>, store: SystemStore) {
    let mut failing = false;
    loop {
        tokio::time::sleep(SIGN_OUTS).await;
        let outcome = learn_sign_outs(&guard, &store).await;
        if let (Err(error), false) = (&outcome, failing) {
            tracing::warn!(?error, "sign-outs elsewhere are not known; each round tries again");
        }
        failing = outcome.is_err();
    }
}

/// Does from time to time what no request does.
async fn keep_house(guard: Arc<Authenticator>, store: SystemStore) {
    let mut rounds = tokio::time::interval(HOUSEKEEPING);
    loop {
        rounds.tick().await;
        guard.forget();
        if let Err(error) = store.purge().await {
            tracing::warn!(?error, "what is old could not be deleted; the next round tries again");
        }
    }
}
