//! What the server asks its database.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
};

use tracing::{Event, Subscriber, field::Field, instrument::WithSubscriber};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry,
};

/// Does something, and tells which statements were sent meanwhile, with their values.
pub async fn statements<T>(doing: impl Future<Output = T>) -> (T, Vec<String>) {
    let sent = Sent::default();
    let outcome = doing.with_subscriber(registry().with(sent.clone())).await;
    let statements = sent.0.lock().unwrap().clone();
    (outcome, statements)
}

/// Listens to sea-orm, which logs each statement under its feature `debug-print`.
#[derive(Clone, Default)]
struct Sent(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Sent {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target().starts_with("sea_orm::driver") {
            event.record(&mut |field: &Field, value: &dyn Debug| {
                if field.name() == "message" {
                    self.0.lock().unwrap().push(format!("{value:?}"));
                }
            });
        }
    }
}
