//! A database of some size, and the pages that are asked of it.

use std::{process::Command, sync::Arc, time::Instant};

use serde_json::{Value, json};
use taskward::time::Clock;

use crate::{
    processes::{
        Server,
        load::{self, Requests},
        place::Place,
        token,
    },
    tables::{
        Tables,
        dataset::{Dataset, sub},
    },
    tokens::SECRET,
    twin::documents,
};

/// How many tasks a page has.
const PAGE: usize = 50;
/// The deepest page that is asked for, where there are so many.
const DEEPEST: usize = 10_000;
/// The most tasks that a client may read at once.
const MOST: usize = 100;

/// A database where one user has a third of the tasks, and each of the others a thousand or a few more.
/// Where there are too few tasks for others, there is one user alone.
pub struct Size {
    pub tasks: usize,
    pub tables: Tables,
    url: String,
    /// Whether the server is ready.
    ready: Requests,
    /// The first page of all users by turns, without and with tags.
    pub everyones: [Arc<Requests>; 2],
}

/// A page, as it is called in all sizes.
pub struct Page {
    pub name: &'static str,
    pub number: usize,
    pub requests: Arc<Requests>,
}

impl Size {
    /// Makes a database.
    pub async fn fill(place: &Place, tasks: usize) -> Self {
        let url = place.database(&format!("scale_{tasks}")).await;
        let tables = Tables::migrated(&url).await;
        let users = 1 + tasks * 2 / 3 / 1000;
        let now = Clock::system().now().millis();
        let start = Instant::now();
        tables.load(Dataset { users, tasks, now, is_lopsided: true, ..Default::default() }).await;
        eprintln!("{tasks} tasks were loaded in {:.0?}", start.elapsed());
        let tokens: Vec<_> = (0..users).map(|user| token(&sub(user))).collect();
        let everyones = |document: &str| {
            let request =
                |token: &String| load::request(token, document, &json!({ "first": PAGE }));
            Arc::new(Requests::new(tokens.iter().map(request).collect(), "\"hasNextPage\""))
        };
        let everyones = [&after(documents::PAGE), documents::PAGE_WITH_TAGS].map(everyones);
        let ready = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec();
        let ready = Requests::new(vec![ready], "\"database\":\"ok\"");
        Self { tasks, tables, url, ready, everyones }
    }

    /// Starts a server over it, and waits until it is ready.
    pub async fn serve(&self) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_taskward"));
        command.env_clear().env("DATABASE_URL", &self.url).env("BETTER_AUTH_SECRET", SECRET);
        Server::start(command, &self.ready).await
    }

    /// The pages that are measured.
    pub async fn pages(&self, server: &Server) -> [Page; 3] {
        let token = token(&sub(0));
        let (number, cursor) = deep_page(server, &token).await;
        let page = |variables: &Value| {
            let request = load::request(&token, &after(documents::PAGE), variables);
            Arc::new(Requests::new(vec![request], "\"hasNextPage\""))
        };
        let (first, deep) = (json!({ "first": PAGE }), json!({ "first": PAGE, "after": cursor }));
        let everyones = Arc::clone(&self.everyones[0]);
        [
            Page { name: "everyone's first", number: 1, requests: everyones },
            Page { name: "the largest user's first", number: 1, requests: page(&first) },
            Page { name: "the largest user's deep", number, requests: page(&deep) },
        ]
    }
}

/// A document that asks for a page, as one that asks for any page.
fn after(document: &str) -> String {
    let document = document.replace("($first:Int!)", "($first:Int!,$after:String)");
    document.replace("(first:$first)", "(first:$first,after:$after)")
}

/// A user's deepest page that is full, and the cursor of the last task before it: got as a client would,
/// page by page.
async fn deep_page(server: &Server, token: &str) -> (usize, Value) {
    const COUNT: &str = "{ tasks(first:0){ totalCount } }";
    const STEP: &str = "query($first:Int!,$after:String){ tasks(first:$first,after:$after){ pageInfo{ endCursor } } }";
    let start = Instant::now();
    let mut connection = server.connect().await;
    let mut ask = async |document: &str, variables: Value| -> Value {
        let request = load::request(token, document, &variables);
        let (_, answer) = connection.ask(&request).await.unwrap();
        serde_json::from_slice::<Value>(answer).unwrap()["data"]["tasks"].take()
    };
    let count = ask(COUNT, json!({})).await["totalCount"].as_u64().unwrap();
    let number = DEEPEST.min(usize::try_from(count).unwrap() / PAGE);
    let (mut ahead, mut cursor) = ((number - 1) * PAGE, Value::Null);
    while ahead > 0 {
        let first = ahead.min(MOST);
        let page = ask(STEP, json!({ "first": first, "after": cursor })).await;
        cursor = page["pageInfo"]["endCursor"].clone();
        ahead -= first;
    }
    eprintln!("page {number} was reached in {:.1?}", start.elapsed());
    (number, cursor)
}
