//! Tests with random values, run one after the other on one server.

use proptest::{
    prelude::Strategy,
    test_runner::{Config, TestRunner},
};
use tokio::runtime::Handle;

/// Runs a test with random values, and shows the smallest that fail it. `PROPTEST_CASES` asks for
/// more than these.
pub async fn for_any<S, T>(cases: u32, strategy: fn() -> S, test: T)
where
    S: Strategy + 'static,
    T: AsyncFn(S::Value) + Send + 'static,
{
    let runtime = Handle::current();
    let run = move || {
        let cases = Config { cases, ..Config::default() };
        let config = match std::env::var_os("PROPTEST_CASES") {
            Some(_) => Config::default(),
            None => cases,
        };
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..config });
        let outcome = runner.run(&strategy(), |value| {
            runtime.block_on(test(value));
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{failure}");
        }
    };
    tokio::task::spawn_blocking(run).await.unwrap();
}
