//! Query plans of the database: a page is one range of an index wherever it is in a list, so page
//! 10,000 costs what page 1 costs.
//!
//! The statements are those that the server sends for a request; the database explains them with enough
//! rows for it to choose a plan with care.

use std::fmt;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database as Connections, DatabaseConnection, DbBackend,
    Statement,
};
use serde_json::{Value, json};

use crate::harness::{Api, on_each_database, statements};

/// Each order with its index and the column that leads it.
const ORDERS: [(&str, &str, &str, &str); 14] = [
    ("CREATED_AT", "ASC", "task_created", "created_at"),
    ("CREATED_AT", "DESC", "task_created", "created_at"),
    ("UPDATED_AT", "ASC", "task_updated", "updated_at"),
    ("UPDATED_AT", "DESC", "task_updated", "updated_at"),
    ("COMPLETED_AT", "ASC", "task_completed_asc", "completed_asc"),
    ("COMPLETED_AT", "DESC", "task_completed_desc", "completed_desc"),
    ("DUE", "ASC", "task_due_asc", "due_asc"),
    ("DUE", "DESC", "task_due_desc", "due_desc"),
    ("PRIORITY", "ASC", "task_priority", "priority"),
    ("PRIORITY", "DESC", "task_priority", "priority"),
    ("TITLE", "ASC", "task_title", "title_key"),
    ("TITLE", "DESC", "task_title", "title_key"),
    ("POSITION", "ASC", "task_position", "\"position\""),
    ("POSITION", "DESC", "task_position", "\"position\""),
];

/// A page with its cursors, and whether there are rows before and after it.
const PAGE: &str = "query(
        $first: Int, $after: String, $last: Int, $before: String,
        $filter: TaskFilter, $orderBy: [TaskOrder!]
    ) {
        tasks(
            first: $first, after: $after, last: $last, before: $before,
            filter: $filter, orderBy: $orderBy
        ) {
            nodes { id }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        }
    }";

/// A database with many tasks, and the server on it.
struct Filled {
    api: Api,
    db: DatabaseConnection,
    /// How many tasks each person has; a tenth of them is in the trash.
    tasks: u32,
}

/// A statement and its query plan.
struct Plan {
    statement: String,
    steps: Vec<String>,
}

impl Filled {
    /// Alice is one of so many people with so many tasks each.
    async fn with(api: Api, people: u32, tasks: u32) -> Self {
        api.alice.creates("the first").await;
        let mut only_one = ConnectOptions::new(api.database.url());
        only_one.max_connections(1);
        let db = Connections::connect(only_one).await.unwrap();
        let (id, instant) = match db.get_database_backend() {
            DbBackend::Sqlite => ("randomblob(16)", "1795000000000 + 1000 * "),
            _ => ("gen_random_uuid()", "timestamptz '2026-11-21' + interval '1 second' * "),
        };
        let numbers = |most| {
            format!(
                "WITH RECURSIVE numbers(n) AS \
                 (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {most}) "
            )
        };
        let users = numbers(people - 1)
            + "INSERT INTO \"user\" (sub, time_zone, counter) \
               SELECT 'user-' || n, 'UTC', 0 FROM numbers WHERE n > 0";
        // The values of one column have nothing to do with those of another.
        let scattered = |factor| format!("(n * {factor} % 39989)");
        let often_null = |never: i64, factor| {
            format!("CASE WHEN n % 3 = 0 THEN {never} ELSE {} END", scattered(factor))
        };
        let rows = numbers(tasks)
            + &format!(
                "INSERT INTO task (user_no, id, title, title_key, title_words, description_words, \
                 priority, position, due_asc, due_desc, completed_asc, completed_desc, \
                 created_at, updated_at, deleted_at, version, number) \
                 SELECT no, {id}, 'Task ' || n, 'task ' || {}, \
                 no || 'xtask ' || no || 'xtask' || n, '', n % 5, 'd' || (100000 + {}), \
                 {}, {}, {}, {}, {instant} n, {instant} {}, \
                 CASE WHEN n % 10 = 0 THEN {instant} n END, 1, n + 1 FROM numbers, \"user\"",
                scattered(7),
                scattered(19),
                often_null(i64::MAX, 11),
                often_null(-i64::MAX, 11),
                often_null(i64::MAX, 13),
                often_null(-i64::MAX, 13),
                scattered(17),
            );
        let counted = format!("UPDATE \"user\" SET counter = {}", tasks + 1);
        for sql in [&users, &rows, &counted] {
            db.execute_unprepared(sql).await.unwrap();
        }
        if db.get_database_backend() == DbBackend::Postgres {
            // By itself it would do so a minute later.
            db.execute_unprepared("ANALYZE task").await.unwrap();
        }
        Self { api, db, tasks }
    }

    fn is_sqlite(&self) -> bool {
        self.db.get_database_backend() == DbBackend::Sqlite
    }

    /// The cursor of a task that was made after so many hundredths of all.
    async fn place(&self, hundredths: u32, trash: &str, order: &Value) -> String {
        let number = self.tasks / 1000 * 10 * hundredths + u32::from(trash != "ONLY");
        let filter = json!({ "search": format!("task{number} "), "trash": trash });
        let arguments = json!({ "filter": filter, "orderBy": order, "first": 100 });
        let (page, _) = self.page(arguments).await;
        page["pageInfo"]["startCursor"].as_str().unwrap().to_owned()
    }

    /// Reads a page of Alice's tasks, and returns it with the query plans of its statements.
    async fn page(&self, arguments: Value) -> (Value, Vec<Plan>) {
        let (reply, sent) = statements(self.api.alice.post(PAGE, arguments)).await;
        let mut plans = Vec::new();
        for statement in sent.into_iter().filter(|statement| statement.contains("\"task\"")) {
            plans.push(self.explain(statement).await);
        }
        (reply.data()["tasks"].take(), plans)
    }

    async fn explain(&self, statement: String) -> Plan {
        let backend = self.db.get_database_backend();
        let (explain, column) = match backend {
            DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
            _ => ("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF)", "QUERY PLAN"),
        };
        let explain = Statement::from_string(backend, format!("{explain} {statement}"));
        // The first time, PostgreSQL also reads what it has to know of the table and its types.
        self.db.query_all_raw(explain.clone()).await.unwrap();
        let rows = self.db.query_all_raw(explain).await.unwrap();
        let mut steps: Vec<String> =
            rows.iter().map(|row| row.try_get("", column).unwrap()).collect();
        // What planning read is not part of the plan.
        steps.truncate(
            steps.iter().position(|step| step.starts_with("Planning")).unwrap_or(steps.len()),
        );
        Plan { statement, steps }
    }

    /// The plans of pages everywhere in the list and both ways, each with the range that it should be.
    async fn pages_in_all_orders(&self) -> Vec<(Plan, Range)> {
        let mut pages = Vec::new();
        for (field, direction, index, column) in ORDERS {
            let order = json!([{ "field": field, "direction": direction }]);
            for hundredths in [8, 50, 92] {
                let place = self.place(hundredths, "EXCLUDE", &order).await;
                for (count, from) in [("first", "after"), ("last", "before")] {
                    let onward = if (direction == "ASC") == (count == "first") { '>' } else { '<' };
                    let back = if onward == '>' { '<' } else { '>' };
                    let arguments = json!({ count: 50, from: place, "orderBy": order });
                    let (_, plans) = self.page(arguments).await;
                    // The page, and whether there is anything on the side where it begins.
                    assert_eq!(plans.len(), 2);
                    let ranges = [onward, back].map(|beyond| Range { index, column, beyond });
                    pages.extend(plans.into_iter().zip(ranges));
                }
            }
        }
        pages
    }
}

/// The range of an index that begins at a place, in one direction.
#[derive(Clone, Copy)]
struct Range {
    index: &'static str,
    column: &'static str,
    beyond: char,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.statement, self.steps.join("\n"))
    }
}

impl Plan {
    fn has_all<const N: usize>(&self, steps: [&str; N]) -> bool {
        steps.iter().all(|step| self.has(step))
    }

    fn has(&self, text: &str) -> bool {
        self.steps.iter().any(|step| step.contains(text))
    }

    /// Whether it is one range of an index that is in order and holds no row too many.
    fn is_range(&self, filled: &Filled, Range { index, column, beyond }: Range) -> bool {
        if filled.is_sqlite() {
            let range = format!("user_no=? AND ({},id){beyond}(?,?)", column.replace('"', ""));
            return self.steps == [format!("SEARCH task USING INDEX {index} ({range})")];
        }
        let (index, place) =
            (format!(" using {index} on task"), format!("AND (ROW({column}, id) {beyond}"));
        self.has_all([&index, "Index Cond: ((user_no = ", &place])
            && !["Sort", "Seq Scan", "Bitmap", "Rows Removed"].iter().any(|step| self.has(step))
            // Fifty-one rows, each of which may be in another block, and the way down the index.
            && self.blocks() <= 51 + 8
    }

    /// Whether it is one range of an index by its first column, within which only rows that tie there
    /// are sorted.
    fn starts_by_first_key(&self, filled: &Filled, Range { index, column, beyond }: Range) -> bool {
        if filled.is_sqlite() {
            let range = format!("user_no=? AND {column}{beyond}?");
            return self.steps[0] == format!("SEARCH task USING INDEX {index} ({range})")
                && self.steps[1..]
                    .iter()
                    .all(|step| step == "USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY");
        }
        let (index, place) =
            (format!(" using {index} on task"), format!("AND ({column} {beyond}= "));
        let sorts = |step: &String| step.replace("Incremental Sort", "").contains(" Sort (");
        self.has_all([&index, "Index Cond: ((user_no = ", &place])
            && !self.steps.iter().any(sorts)
            && !["Seq Scan", "Bitmap"].iter().any(|step| self.has(step))
            && self.blocks() <= 51 + 8
    }

    /// Whether it reads of each table one range that begins at the place, and then the rows on the page.
    fn reads_the_ends_of_all_tables(&self, filled: &Filled) -> bool {
        let ends = if filled.is_sqlite() {
            ["task", "tag", "task_list", "tombstone"].iter().all(|table| {
                self.has(&format!("INDEX {table}_number (user_no=? AND (number,id)>(?,?))"))
            })
        } else {
            // How it reads the others does not matter, as long as they are empty.
            self.has_all([" using task_number on task", "(ROW(number, id) > "])
                // A hundred rows by their key, through three levels of an index to a block of their own.
                && self.blocks() <= 101 * 4 + 101 + 32
        };
        let scans = ["SCAN task", "SCAN tag", "SCAN tombstone", "Seq Scan", "Rows Removed"];
        ends && !scans.iter().any(|step| self.has(step))
    }

    /// Whether it looks up the words in their index, and reads only tasks that have them.
    fn goes_through_the_search_index(&self, filled: &Filled) -> bool {
        if filled.is_sqlite() {
            return self.has("SCAN task_search VIRTUAL TABLE INDEX");
        }
        self.has("Bitmap Index Scan on task_search") && self.blocks() <= 64
    }

    /// How many blocks PostgreSQL looked at, in memory or on disk.
    fn blocks(&self) -> u32 {
        let line = self.steps.iter().find(|step| step.contains("Buffers: shared")).unwrap();
        line.split(['=', ' ']).filter_map(|word| word.parse::<u32>().ok()).sum()
    }
}

on_each_database! {
    async fn a_page_is_one_range_where_alice_is_one_of_many(api: Api) {
        let filled = Filled::with(api, 20, 2_000).await;
        for (plan, range) in filled.pages_in_all_orders().await {
            assert!(plan.is_range(&filled, range), "{plan}");
        }
    }

    async fn a_page_is_one_range_where_everything_is_alices(api: Api) {
        let filled = Filled::with(api, 1, 40_000).await;
        for (plan, range) in filled.pages_in_all_orders().await {
            assert!(plan.is_range(&filled, range), "{plan}");
        }
    }

    async fn the_trash_is_one_range_too(api: Api) {
        let filled = Filled::with(api, 20, 2_000).await;
        let place = filled.place(50, "ONLY", &json!([])).await;
        let ways = [("first", "after", '<', '>'), ("last", "before", '>', '<')];
        for (count, from, onward, back) in ways {
            let filter = json!({ "trash": "ONLY" });
            let (_, plans) = filled.page(json!({ count: 50, from: place, "filter": filter })).await;
            assert_eq!(plans.len(), 2);
            for (plan, beyond) in plans.iter().zip([onward, back]) {
                let range = Range { index: "task_trash", column: "created_at", beyond };
                assert!(plan.is_range(&filled, range), "{plan}");
            }
        }
    }

    async fn an_order_by_several_fields_starts_at_the_place_by_the_first(api: Api) {
        let filled = Filled::with(api, 20, 2_000).await;
        for by_title in ["ASC", "DESC"] {
            let order = json!([{ "field": "DUE" }, { "field": "TITLE", "direction": by_title }]);
            let place = filled.place(50, "EXCLUDE", &order).await;
            let arguments = json!({ "first": 50, "after": place, "orderBy": order });
            let (_, plans) = filled.page(arguments).await;
            for (plan, beyond) in plans.iter().zip(['>', '<']) {
                let range = Range { index: "task_due_asc", column: "due_asc", beyond };
                assert!(plan.starts_by_first_key(&filled, range), "{plan}");
            }
        }
    }

    async fn what_has_changed_is_one_range_of_each_table(api: Api) {
        let filled = Filled::with(api, 20, 2_000).await;
        let query = "query($since: String) { changes(since: $since, first: 100) { cursor } }";
        let mut since = Value::Null;
        for _ in 0..8 {
            let request = filled.api.alice.post(query, json!({ "since": since }));
            let (reply, sent) = statements(request).await;
            since = reply.data()["changes"]["cursor"].take();
            let log = sent.into_iter().find(|statement| statement.contains("tombstone")).unwrap();
            let plan = filled.explain(log).await;
            assert!(plan.reads_the_ends_of_all_tables(&filled), "{plan}");
        }
    }

    async fn a_search_reads_ones_own_words_alone(api: Api) {
        let filled = Filled::with(api, 20, 2_000).await;
        for search in ["task1234", "task task1234", "task123"] {
            let (page, plans) = filled.page(json!({ "first": 50, "filter": { "search": search } })).await;
            assert!(!page["nodes"].as_array().unwrap().is_empty());
            assert!(plans[0].goes_through_the_search_index(&filled), "{}", plans[0]);
        }
    }
}
