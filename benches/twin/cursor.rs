//! Cursors: the version of the format, the name of an order or of a log, and the position in it.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const VERSION: u8 = 1;

/// The cursor of a task, by its sort keys in that order.
pub fn of_task(order: &str, keys: &[i64], id: Uuid) -> String {
    encode(order, &(keys, id))
}

/// The cursor after a change of that user.
pub fn of_change(sub: &str, change_seq: i64) -> String {
    encode(&log_of(sub), &SyncCursor { change_seq })
}

/// The change that a cursor comes after.
pub fn change_seq(sub: &str, cursor: &str) -> Option<i64> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (version, log, cursor): (u8, String, SyncCursor) = serde_json::from_slice(&json).ok()?;
    (version == VERSION && log == log_of(sub)).then_some(cursor.change_seq)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SyncCursor {
    #[serde(rename = "number")]
    change_seq: i64,
}

fn encode(name: &str, position: &impl Serialize) -> String {
    let cursor = (VERSION, name, position);
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
}

/// The name of a user's log in cursors.
fn log_of(sub: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&digest(&SHA256, sub.as_bytes()).as_ref()[..8])
}
