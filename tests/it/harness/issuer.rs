//! An issuer of tokens, as far as the server sees it: a key set behind a URL.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, http::StatusCode, routing::get};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, time::timeout};

/// A key set that can be changed, can fail, and can be withheld, and that counts its fetches. It is at
/// the path where Better Auth serves it.
pub struct Issuer {
    /// The origin, which is also the `iss` and the `aud` of Better Auth.
    pub origin: String,
    state: Arc<State>,
}

struct State {
    answer: Mutex<(StatusCode, String)>,
    asked: watch::Sender<usize>,
    holds: watch::Sender<bool>,
}

impl Issuer {
    /// An issuer with these keys in its set.
    pub async fn start(keys: &[Value]) -> Self {
        let state = Arc::new(State {
            answer: Mutex::new((StatusCode::OK, String::new())),
            asked: watch::Sender::new(0),
            holds: watch::Sender::new(false),
        });
        let served = Arc::clone(&state);
        let jwks = get(async move || {
            served.asked.send_modify(|asked| *asked += 1);
            served.holds.subscribe().wait_for(|holds| !holds).await.unwrap();
            served.answer.lock().unwrap().clone()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/api/auth/jwks", jwks);
        tokio::spawn(async { axum::serve(listener, router).await });
        let issuer = Self { origin, state };
        issuer.publishes(keys);
        issuer
    }

    /// Where the key set is.
    pub fn jwks_url(&self) -> String {
        format!("{}/api/auth/jwks", self.origin)
    }

    /// From now on the set is this.
    pub fn publishes(&self, keys: &[Value]) {
        self.answers(StatusCode::OK, json!({ "keys": keys }).to_string());
    }

    /// From now on, this is the response instead of a set.
    pub fn answers(&self, status: StatusCode, body: impl Into<String>) {
        *self.state.answer.lock().unwrap() = (status, body.into());
    }

    /// From now on, requests wait.
    pub fn holds(&self) {
        self.state.holds.send_replace(true);
    }

    /// Responds to the requests that wait, and to later ones.
    pub fn releases(&self) {
        self.state.holds.send_replace(false);
    }

    /// How often the set was fetched.
    pub fn fetches(&self) -> usize {
        *self.state.asked.borrow()
    }

    /// Waits until the set was fetched that often.
    pub async fn was_asked(&self, times: usize) {
        let mut asked = self.state.asked.subscribe();
        let enough = asked.wait_for(|asked| *asked >= times);
        timeout(Duration::from_secs(20), enough).await.expect("nobody asks").unwrap();
    }
}
