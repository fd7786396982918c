//! What a token allows, and how a user ends it before its time.

mod replicas;
mod scopes;
mod sign_out;

use serde_json::{Value, json};

use crate::harness::{Api, Person, tokens};

/// A token of that user, good for an hour, that says this besides or instead; null takes a claim out.
fn token(api: &Api, sub: &str, more: &Value) -> String {
    let now = api.clock.now().seconds();
    let mut claims = json!({ "sub": sub, "iat": now, "exp": now + 3600 });
    let all = claims.as_object_mut().unwrap();
    all.extend(more.as_object().unwrap().clone());
    all.retain(|_, value| !value.is_null());
    tokens::with(&claims)
}

impl Person {
    /// Signs out, which must not fail, and tells `revokedBefore`.
    async fn signs_out(&self, everywhere: bool) -> Value {
        let input = json!({ "everywhere": everywhere });
        self.does("signOut", input, "revokedBefore").await["revokedBefore"].take()
    }
}
