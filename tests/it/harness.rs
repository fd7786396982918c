//! The server as users meet it: the production router on a real database, and people with tokens.

pub mod databases;
mod events;
pub mod ids;
mod issuer;
mod outline;
mod people;
mod postgres;
mod property;
mod reply;
mod served;

pub mod tokens;

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};
use taskward::{
    app::{App, SystemStore},
    auth::Authenticator,
    config::{self, Config, Settings},
    time::{Clock, Timestamp},
};

pub(crate) use self::databases::on_each_database;
pub use self::{
    databases::Database,
    events::{events, statements},
    issuer::Issuer,
    outline::Outline,
    people::Person,
    property::{for_any, for_the_same},
    reply::Reply,
    served::{Served, Socket, eventually, soon},
};

/// A server with an empty database, a manual clock, and three people.
pub struct Api {
    pub clock: Clock,
    pub database: Database,
    /// The rows of all users, for maintenance: it does not run by itself.
    pub system: SystemStore,
    /// Verifies tokens; no background task refreshes its keys.
    pub authenticator: Arc<Authenticator>,
    pub alice: Person,
    pub bob: Person,
    /// Somebody without a token.
    pub anon: Person,
}

/// When the tests begin: a Saturday.
pub const START: &str = "2026-11-21T09:30:00.000Z";

/// The fields by which tasks are sorted; the last one needs a search.
pub const ORDERS: [&str; 8] = [
    "CREATED_AT",
    "UPDATED_AT",
    "COMPLETED_AT",
    "DUE",
    "PRIORITY",
    "TITLE",
    "POSITION",
    "RELEVANCE",
];

/// The clock stands still in most tests, so no point would ever come back.
const UNLIMITED: [&str; 2] = ["--rate-limit=0", "--anonymous-rate-limit=0"];

impl Api {
    /// A production server that takes HS256 tokens, with introspection switched on.
    pub async fn start(database: Database) -> Self {
        let secret = format!("--better-auth-secret={}", tokens::SECRET);
        Self::start_with(database, &[&secret, "--introspection=true"]).await
    }

    /// The same with other settings, written as flags.
    pub async fn start_with(database: Database, flags: &[&str]) -> Self {
        Self::of(database, flags, None).await.0
    }

    /// The same in development mode, with the token that GraphiQL starts with.
    pub async fn start_in_development(database: Database, token: &str) -> Self {
        Self::of(database, &[], Some(token.to_owned())).await.0
    }

    /// A production server with further flags, and the application itself, to serve it.
    pub async fn start_to_serve(database: Database, flags: &[&str]) -> (Self, App) {
        let secret = format!("--better-auth-secret={}", tokens::SECRET);
        Self::of(database, &[&[secret.as_str()], flags].concat(), None).await
    }

    async fn of(database: Database, flags: &[&str], token: Option<String>) -> (Self, App) {
        events::let_each_test_record();
        let clock = Clock::manual(Timestamp::parse(START).unwrap());
        let database_url = format!("--database-url={}", database.url());
        let config = config([database_url.as_str()].iter().chain(&UNLIMITED).chain(flags));
        let app = App::build(config, clock.clone(), token).await.unwrap();
        let now = clock.now();
        let person = |sub| Person::of(&app, Some(tokens::of(sub, now)));
        let api = Self {
            alice: person("alice"),
            bob: person("bob"),
            anon: Person::of(&app, None),
            clock,
            database,
            system: app.system(),
            authenticator: Arc::clone(app.authenticator()),
        };
        (api, app)
    }

    /// Somebody with this token.
    pub fn with_token(&self, token: impl Into<String>) -> Person {
        self.anon.with_token(token)
    }

    /// A token of that user, valid for an hour, with further claims; null removes a claim.
    pub fn token(&self, sub: &str, more: &Value) -> String {
        let now = self.clock.now().seconds();
        let mut claims = json!({ "sub": sub, "iat": now, "exp": now + 3600 });
        let all = claims.as_object_mut().unwrap();
        all.extend(more.as_object().unwrap().clone());
        all.retain(|_, value| !value.is_null());
        tokens::with(&claims)
    }

    /// Applies the sign-outs at other replicas, as a server that serves does all the time.
    pub async fn learns(&self) {
        self.authenticator.refresh_revocations().await.unwrap();
    }

    /// Lets time pass.
    pub fn wait(&self, span: TimeDelta) {
        self.clock.advance(span);
    }
}

/// The configuration that these flags make, whatever the environment says.
pub fn config<'a>(flags: impl IntoIterator<Item = &'a &'a str>) -> Config {
    match settings(flags).check() {
        Ok(config) => config,
        Err(faults) => panic!("{faults:#?}"),
    }
}

/// The settings that these flags make, whatever the environment says.
pub fn settings<'a>(flags: impl IntoIterator<Item = &'a &'a str>) -> Settings {
    let arguments = config::arguments().map(|argument| argument.env(None::<&str>));
    let command = clap::Command::new("taskward").no_binary_name(true).args(arguments);
    let command = command.args_override_self(true);
    Settings(command.get_matches_from(flags))
}
