//! What is asked of the servers.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::Servers;
use crate::twin::documents;

type Variables = fn(&Servers, usize) -> Value;

/// A kind of request.
#[derive(Clone, Copy)]
pub struct Workload {
    pub name: &'static str,
    pub document: &'static str,
    /// Whether each request has a document that nobody has sent before; the twin knows none of those.
    pub is_first_seen: bool,
    pub variables: Variables,
}

impl Workload {
    const fn new(name: &'static str, document: &'static str, variables: Variables) -> Self {
        Self { name, document, is_first_seen: false, variables }
    }

    /// The document of a request.
    pub fn document(&self, turn: usize) -> Cow<'static, str> {
        if self.is_first_seen {
            format!("{} # {turn}", self.document).into()
        } else {
            self.document.into()
        }
    }
}

pub const PAGE: Workload =
    Workload::new("W1 page of 50", documents::PAGE, |_, _| json!({ "first": 50 }));

/// What both servers answer. What writes comes last: new tasks would change what pages show, and all
/// changes what the log has.
pub const WORKLOADS: &[Workload] = &[
    PAGE,
    Workload::new(
        "W2 one task",
        documents::TASK,
        |servers, turn| json!({ "id": servers.id(turn) }),
    ),
    Workload::new("W3 with tags", documents::PAGE_WITH_TAGS, |_, _| json!({ "first": 50 })),
    Workload::new("W6 today", documents::TODAY, |_, _| json!({})),
    Workload::new("W7 one list", documents::ONE_LIST, |servers, _| json!({ "id": servers.list })),
    Workload::new(
        "W9 one change",
        documents::CHANGES,
        |servers, _| json!({ "since": servers.since }),
    ),
    Workload::new("W10 search", documents::SEARCH, |_, _| json!({ "search": documents::TYPED })),
    Workload::new("W5 complete", documents::COMPLETE, |servers, turn| {
        // Each task is completed, and with the next request open again.
        json!({ "id": servers.id(turn / 2), "c": turn % 2 == 0 })
    }),
    Workload::new(
        "W8 create, read",
        documents::CREATE_AND_READ,
        |_, turn| json!({ "input": { "title": title(turn) } }),
    ),
    Workload::new("W4 create", documents::CREATE, |_, turn| json!({ "t": title(turn) })),
];

fn title(turn: usize) -> String {
    format!("Task number {turn} call the plumber")
}
