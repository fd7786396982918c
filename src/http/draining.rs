//! Whether the server is about to stop: what comes then goes to another replica.

use tokio::sync::watch;

/// Whether the server is about to stop.
#[derive(Debug, Default)]
pub struct Draining(watch::Sender<bool>);

impl Draining {
    /// The server is told to stop.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was told so.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is told so.
    pub async fn begun(&self) {
        // It cannot fail: the sender is right here.
        let _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }
}
