//! Property tests, whose cases run one after another on one server.

use proptest::{
    prelude::Strategy,
    test_runner::{Config, RngSeed, TestRunner},
};
use tokio::runtime::Handle;

/// Runs a test with random values, and reports the smallest that fail. `PROPTEST_CASES` sets another
/// number of cases.
pub async fn for_any<S, T>(cases: u32, strategy: fn() -> S, test: T)
where
    S: Strategy + 'static,
    T: AsyncFn(S::Value) + Send + 'static,
{
    run(Config { cases, ..Config::default() }, strategy, test).await;
}

/// The same with the same values in each run, unless `PROPTEST_CASES` sets another number of cases.
pub async fn for_the_same<S, T>(cases: u32, strategy: fn() -> S, test: T)
where
    S: Strategy + 'static,
    T: AsyncFn(S::Value) + Send + 'static,
{
    run(Config { cases, rng_seed: RngSeed::Fixed(0), ..Config::default() }, strategy, test).await;
}

async fn run<S, T>(config: Config, strategy: fn() -> S, test: T)
where
    S: Strategy + 'static,
    T: AsyncFn(S::Value) + Send + 'static,
{
    let runtime = Handle::current();
    let run = move || {
        let config = match std::env::var_os("PROPTEST_CASES") {
            Some(_) => Config::default(),
            None => config,
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
