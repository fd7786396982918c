//! The background task that keeps the key set fresh.
//!
//! The time that passes here is that of the runtime, which [`pass`] advances; the clock of the server,
//! by which tokens expire, does not move. Where a test has to know that a fetch is over, it sends a
//! token with an unknown key: that waits for the fetch, and starts none while the token bucket is
//! empty.

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use futures_util::FutureExt;
use tokio::{task::JoinHandle, time};

use super::{Deployment, UNAVAILABLE, settle};
use crate::harness::{Api, Database, tokens::Key};

const UNKNOWN: &str = "UNKNOWN_KEY";

/// Advances the time of the runtime.
async fn pass(span: Duration) {
    time::pause();
    time::advance(span).await;
    time::resume();
    settle().await;
}

impl Deployment {
    /// Has the server keep its keys fresh, as it does when it serves.
    fn keeps_fresh(&self) -> JoinHandle<()> {
        tokio::spawn(Arc::clone(&self.api.authenticator).run())
    }

    /// Waits until no fetch is under way.
    async fn rests(&self) -> String {
        self.who(&Key::ed25519("unheard of").signs(&self.claims("mallory"))).await
    }

    /// Takes all that is in the bucket, so that only the server itself fetches.
    async fn empties_the_bucket(&self) -> usize {
        for _ in 0..3 {
            self.rests().await;
        }
        let fetches = self.issuer.fetches();
        self.rests().await;
        assert_eq!(self.issuer.fetches(), fetches);
        fetches
    }
}

#[tokio::test]
async fn a_server_knows_the_keys_before_the_first_user_comes() {
    let deployment = Deployment::start().await;
    let running = deployment.keeps_fresh();
    deployment.issuer.was_asked(1).await;
    assert_eq!(deployment.who(&deployment.token("ada")).await, "ada");
    assert_eq!(deployment.issuer.fetches(), 1, "the user waited for the fetch that was under way");
    running.abort();
}

#[tokio::test]
async fn a_user_is_refused_ten_minutes_after_their_key_was_withdrawn() {
    let deployment = Deployment::start().await;
    let running = deployment.keeps_fresh();
    let token = deployment.token("ada");
    assert_eq!(deployment.who(&token).await, "ada");
    let before = deployment.empties_the_bucket().await;
    let other = Key::ed25519("other");
    deployment.issuer.publishes(&[other.jwk()]);

    pass(Duration::from_secs(599)).await;
    assert_eq!(deployment.rests().await, UNKNOWN);
    assert_eq!(deployment.who(&token).await, "ada");
    assert_eq!(deployment.issuer.fetches(), before);

    pass(Duration::from_secs(1)).await;
    deployment.issuer.was_asked(before + 1).await;
    assert_eq!(deployment.rests().await, UNKNOWN);
    assert_eq!(deployment.who(&token).await, UNKNOWN);
    assert_eq!(deployment.who(&other.signs(&deployment.claims("bob"))).await, "bob");

    // And so on, every ten minutes.
    for round in 2..5 {
        pass(Duration::from_mins(10)).await;
        deployment.issuer.was_asked(before + round).await;
        assert_eq!(deployment.rests().await, UNKNOWN);
        assert_eq!(deployment.issuer.fetches(), before + round);
    }
    assert!(!running.is_finished());
    running.abort();
}

#[tokio::test]
async fn a_server_whose_issuer_is_down_tries_again_soon_and_then_every_30_seconds() {
    let deployment = Deployment::start().await;
    deployment.issuer.answers(StatusCode::SERVICE_UNAVAILABLE, "");
    let fetches = deployment.empties_the_bucket().await;
    let running = deployment.keeps_fresh();
    deployment.issuer.was_asked(fetches + 1).await;
    for (round, pause) in (1..).zip([1, 2, 4, 8, 16, 30, 30]) {
        assert_eq!(deployment.rests().await, UNAVAILABLE);
        assert_eq!(deployment.issuer.fetches(), fetches + round);
        pass(Duration::from_millis(pause * 1000 - 500)).await;
        assert_eq!(deployment.issuer.fetches(), fetches + round, "not before {pause} s");
        pass(Duration::from_millis(500)).await;
        deployment.issuer.was_asked(fetches + round + 1).await;
    }
    assert_eq!(deployment.rests().await, UNAVAILABLE);
    deployment.issuer.publishes(&[deployment.key.jwk()]);
    pass(Duration::from_secs(30)).await;
    deployment.issuer.was_asked(fetches + 9).await;
    assert_eq!(deployment.rests().await, UNKNOWN);
    assert_eq!(deployment.who(&deployment.token("ada")).await, "ada");

    // The next failure begins with one second again, and takes no key away.
    deployment.issuer.answers(StatusCode::OK, "no keys");
    pass(Duration::from_mins(10)).await;
    deployment.issuer.was_asked(fetches + 10).await;
    assert_eq!(deployment.rests().await, UNKNOWN);
    assert_eq!(deployment.who(&deployment.token("bob")).await, "bob");
    pass(Duration::from_secs(1)).await;
    deployment.issuer.was_asked(fetches + 11).await;
    running.abort();
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_given_five_seconds() {
    let deployment = Deployment::start().await;
    let (ada, bob) = (deployment.token("ada"), deployment.token("bob"));
    deployment.issuer.holds();
    let patience = async {
        deployment.issuer.was_asked(1).await;
        pass(Duration::from_secs(5)).await;
    };
    let (answer, ()) = tokio::join!(deployment.who(&ada), patience);
    assert_eq!(answer, UNAVAILABLE);

    deployment.issuer.releases();
    assert_eq!(deployment.who(&ada).await, "ada");
    deployment.issuer.holds();
    let patience = async {
        deployment.issuer.was_asked(3).await;
        assert_eq!(deployment.who(&bob).await, "bob", "those with known keys do not wait");
        pass(Duration::from_secs(5)).await;
    };
    let (answer, ()) = tokio::join!(deployment.rests(), patience);
    assert_eq!(answer, UNKNOWN);
    assert_eq!(deployment.who(&ada).await, "ada", "the old keys were kept");
}

#[tokio::test]
async fn a_server_without_a_key_set_has_nothing_to_keep_fresh() {
    let api = Api::start(Database::sqlite()).await;
    assert_eq!(Arc::clone(&api.authenticator).run().now_or_never(), Some(()));
}
