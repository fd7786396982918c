//! The built program, run in an empty folder with an empty environment.
//!
//! Only `migrate` depends on the database; the others run on SQLite only.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod check_config;
mod migrate;
pub mod process;
mod serve;
mod token;

use self::process::{Folder, Server};

#[test]
fn schema_prints_the_schema_that_is_checked_in() {
    let output = Folder::new().run(&["schema"]);
    output.succeeds();
    assert!(output.stdout == include_str!("../../schema.graphql"), "write it anew with `schema`");
}

#[test]
fn help_lists_the_settings_and_prints_no_secret() {
    let folder = Folder::new().with("BETTER_AUTH_SECRET", process::SECRET);
    let output = folder.with("DATABASE_URL", "postgres://me:hidden@db/tasks").run(&["--help"]);
    output.succeeds();
    for setting in ["TASKWARD_LISTEN", "DATABASE_URL", "BETTER_AUTH_SECRET", "JWKS_URL"] {
        assert!(output.stdout.contains(setting), "{setting}");
    }
    for heading in ["Token sources:", "HTTP:", "Log:"] {
        assert!(output.stdout.contains(heading), "{heading}");
    }
    for secret in [process::SECRET, "hidden"] {
        assert!(!output.stdout.contains(secret), "{}", output.stdout);
    }
}

#[test]
fn an_unknown_command_is_refused() {
    let output = Folder::new().run(&["serv"]);
    assert_eq!(output.code, Some(2));
    assert_eq!(output.stdout, "");
}
