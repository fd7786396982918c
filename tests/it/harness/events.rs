//! What the server asks its database, and what else it says of what it does.

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

/// Lets each test hear its own events, whatever runs beside it.
///
/// As long as there is one subscriber in the process, tracing asks the first thread that comes to an
/// event whether anybody listens, and takes its answer for all threads. So there are always two.
pub fn let_each_test_listen() {
    static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));
    LazyLock::force(&ANOTHER);
}

/// Does something, and tells which statements were sent meanwhile, with their values: the
/// store tells of each, unless it is built for a release.
pub async fn statements<T>(doing: impl Future<Output = T>) -> (T, Vec<String>) {
    let (outcome, said) = said(&["taskward::store::sql::dialect"], doing).await;
    let statements = said.into_iter().filter_map(|mut event| event.remove("message"));
    (outcome, statements.collect())
}

/// Does something, and tells what the modules of these paths and those below them have said meanwhile:
/// the fields of each event by their names.
pub async fn said<T>(
    modules: &'static [&'static str],
    doing: impl Future<Output = T>,
) -> (T, Vec<BTreeMap<&'static str, String>>) {
    let said = Said { modules, events: Arc::default() };
    let outcome = doing.with_subscriber(registry().with(said.clone())).await;
    let events = said.events.lock().unwrap().clone();
    (outcome, events)
}

#[derive(Clone)]
struct Said {
    modules: &'static [&'static str],
    events: Arc<Mutex<Vec<BTreeMap<&'static str, String>>>>,
}

impl<S: Subscriber> Layer<S> for Said {
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
