//! What the server asks its database.

use std::{
    fmt::Debug,
    sync::{Arc, LazyLock, Mutex},
};

use tracing::{
    Dispatch, Event, Subscriber, field::Field, instrument::WithSubscriber, subscriber::NoSubscriber,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry,
};

/// Lets each test hear its own events, whatever runs beside it.
///
/// As long as there is one subscriber in the process, tracing asks the first thread that comes to an
/// event whether anybody listens, and takes its answer for all threads. So there are always two.
pub fn let_each_test_listen() {
    static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));
    LazyLock::force(&ANOTHER);
}

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
