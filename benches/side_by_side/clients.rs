//! The users, and what they ask.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    processes::load::{self, Requests},
    twin::{cursor, documents},
};

/// What a task is called that will be deleted again.
pub const TITLE: &str = "side by side";
/// The number of tasks of each user that are requested by id.
pub const TASKS_PER_CLIENT: usize = 5;

pub struct Workload {
    pub name: &'static str,
    pub writes: bool,
    pub asked: Asked,
}

/// What is asked in a workload.
pub enum Asked {
    /// The same each time.
    Always(Arc<Requests>),
    /// For the last change of each user, which is another one when somebody has written.
    LastChange,
}

/// A user, with what their requests need.
pub struct Client {
    pub sub: String,
    pub token: String,
    /// Their tasks, open ones.
    pub tasks: Vec<String>,
}

/// All users.
pub struct Clients(pub Vec<Client>);

impl Clients {
    /// What every server is asked, `complete` being its document for W5.
    pub fn workloads(&self, complete: &str) -> Vec<Workload> {
        let users = self.0.len();
        let tasks = users * TASKS_PER_CLIENT;
        let task = |n: usize| {
            let tasks = &self.client(n).tasks;
            &tasks[n / users % tasks.len()]
        };
        let page = |_| json!({ "first": 50 });
        let one = |n| json!({ "id": task(n) });
        let create = |_| json!({ "t": TITLE });
        // First all are completed, then all are opened again, so that each request writes.
        let flip = |n| json!({ "id": task(n), "c": n < tasks });
        let nothing = |_| json!({});
        vec![
            reads("W1", self.requests(users, documents::PAGE, page, "\"hasNextPage\"")),
            reads("W2", self.requests(tasks, documents::TASK, one, "\"title\"")),
            reads("W3", self.requests(users, documents::PAGE_WITH_TAGS, page, "\"tags\"")),
            writes("W4", self.requests(users, documents::CREATE, create, "\"title\"")),
            writes("W5", self.requests(tasks * 2, complete, flip, "\"completed\"")),
            reads("W6", self.requests(users, documents::TODAY, nothing, "\"late\"")),
        ]
    }

    /// What only taskward and the twin are asked; the first users have these lists.
    pub fn own_workloads(&self, outlines: &[Uuid]) -> Vec<Workload> {
        let users = self.0.len();
        let outline = |(client, list): (&Client, &Uuid)| {
            load::request(&client.token, documents::ONE_LIST, &json!({ "id": list }))
        };
        let outlines = self.0.iter().zip(outlines).map(outline).collect();
        let create = |_| json!({ "input": { "title": TITLE } });
        let typed = |_| json!({ "search": documents::TYPED });
        vec![
            reads("W7", Requests::new(outlines, "\"subtasks\"")),
            writes("W8", self.requests(users, documents::CREATE_AND_READ, create, "\"query\"")),
            Workload { name: "W9", writes: false, asked: Asked::LastChange },
            reads("W10", self.requests(users, documents::SEARCH, typed, "\"hasNextPage\"")),
        ]
    }

    /// Each user's log from right before one of their changes, in the order of the users.
    pub fn changes(&self, numbers: &[i64]) -> Requests {
        let since = |n| {
            let place = self.place(n);
            json!({ "since": cursor::of_change(&self.0[place].sub, numbers[place] - 1) })
        };
        self.requests(self.0.len(), documents::CHANGES, since, "\"UPSERT\"")
    }

    /// So many requests of all users by turns.
    fn requests(
        &self,
        count: usize,
        document: &str,
        variables: impl Fn(usize) -> Value,
        expected: &'static str,
    ) -> Requests {
        let request = |n| load::request(&self.client(n).token, document, &variables(n));
        Requests::new((0..count).map(request).collect(), expected)
    }

    fn client(&self, n: usize) -> &Client {
        &self.0[self.place(n)]
    }

    /// Whose turn it is, in another order than that of their rows.
    fn place(&self, n: usize) -> usize {
        const STRIDE: usize = 7;
        n * STRIDE % self.0.len()
    }
}

fn reads(name: &'static str, requests: Requests) -> Workload {
    Workload { name, writes: false, asked: Asked::Always(Arc::new(requests)) }
}

fn writes(name: &'static str, requests: Requests) -> Workload {
    Workload { writes: true, ..reads(name, requests) }
}
