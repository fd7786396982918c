//! The tests that go through the production router, in one binary, so that it is linked once.
//!
//! Each runs on SQLite and on PostgreSQL: see [`harness::databases`].

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod arranging;
mod auth;
mod batch;
mod changes;
mod command_line;
mod days;
mod documents;
mod engine;
mod explain;
mod fast_path;
mod harness;
mod http;
mod inputs;
mod isolation;
mod links;
mod lists;
mod live_updates;
mod messages;
mod migrations;
mod positions;
mod quotas;
mod relations;
mod replicas;
mod schema;
mod sessions;
mod shape;
mod storage;
mod subtasks;
mod tags;
mod task_lists;
mod tasks;
mod trash;
mod waiting;
