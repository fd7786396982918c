//! The tests through the production router, in one binary, so that it is linked once.
//!
//! Each runs on SQLite and on PostgreSQL: see [`harness::databases`].

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod auth;
mod background;
mod batch;
mod batch_loading;
mod changes;
mod command_line;
mod concurrent_writes;
mod days;
mod documents;
mod engine;
mod error_messages;
mod explain;
mod fairness;
mod fast_path;
mod foreign_keys;
mod harness;
mod http;
mod input_fields;
mod inputs;
mod isolation;
mod lists;
mod live_updates;
mod map;
mod migrations;
mod nodes;
mod outline_model;
mod positions;
mod quotas;
mod replicas;
mod response_shape;
mod row_security;
mod schema;
mod sessions;
mod storage;
mod subtasks;
mod tags;
mod task_lists;
mod tasks;
mod trash;
