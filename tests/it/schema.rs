//! The schema file is up to date.

use taskward::graphql;

/// `cargo run -- schema > schema.graphql` brings the file up to date, for a person to review.
#[test]
fn the_snapshot_is_the_schema_that_is_served() {
    let snapshot = include_str!("../../schema.graphql");
    assert!(
        snapshot == graphql::sdl(),
        "schema.graphql is not what the code serves: run `cargo run -- schema > schema.graphql` and review the difference"
    );
}
