//! Tracing events: the SQL statements that the server sends, and what it logs.

use std::{
    collections::BTreeMap,
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

/// Lets each test record its own events, whatever runs beside it.
///
/// As long as there is one subscriber in the process, tracing asks the first thread that comes to an
/// event whether it is enabled, and caches the answer for all threads. So there are always two.
pub fn let_each_test_record() {
    static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));
    LazyLock::force(&ANOTHER);
}

/// Runs a future, and returns the SQL statements that were sent meanwhile, with their values. The store
/// logs each of them, except in release builds.
pub async fn statements<T>(future: impl Future<Output = T>) -> (T, Vec<String>) {
    let (output, events) = events(&["taskward::store::sql::dialect"], future).await;
    let statements = events.into_iter().filter_map(|mut event| event.remove("message"));
    (output, statements.collect())
}

/// Runs a future, and returns the events that these modules and those below them have logged meanwhile:
/// the fields of each by name.
pub async fn events<T>(
    modules: &'static [&'static str],
    future: impl Future<Output = T>,
) -> (T, Vec<BTreeMap<&'static str, String>>) {
    let recorder = Recorder { modules, events: Arc::default() };
    let output = future.with_subscriber(registry().with(recorder.clone())).await;
    let events = recorder.events.lock().unwrap().clone();
    (output, events)
}

#[derive(Clone)]
struct Recorder {
    modules: &'static [&'static str],
    events: Arc<Mutex<Vec<BTreeMap<&'static str, String>>>>,
}

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let target = event.metadata().target();
        if self.modules.iter().any(|module| target.starts_with(module)) {
            let mut fields = BTreeMap::new();
            event.record(&mut |field: &Field, value: &dyn Debug| {
                fields.insert(field.name(), format!("{value:?}"));
            });
            self.events.lock().unwrap().push(fields);
        }
    }
}
