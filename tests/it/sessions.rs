//! Scopes of tokens, and sign-outs.

mod replicas;
mod scopes;
mod sign_out;

use serde_json::{Value, json};

use crate::harness::Person;

impl Person {
    /// Signs out, which must not fail, and returns `revokedBefore`.
    async fn signs_out(&self, everywhere: bool) -> Value {
        let input = json!({ "everywhere": everywhere });
        self.does("signOut", input, "revokedBefore").await["revokedBefore"].take()
    }
}
