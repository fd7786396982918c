//! Row-level security: PostgreSQL keeps the rows of users apart, also where the store forgets to.
//!
//! The tests of `isolation` run with it too, and once more where the store's filter is taken out: a
//! statement's `=` between numbers is always true there. The policies keep the `=` that they were made with.

use chrono::TimeDelta;
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use serde_json::{Value, json};

use crate::{
    command_line::process::Folder,
    harness::{Api, Database, tokens},
};

/// A role as it should be: the owner of the tables, and no superuser.
const ROLE: &str = "taskward_owner";

/// Takes the filter of users out of every statement that is sent over a new connection.
const TAKE_FILTER_OUT: &str = "
    CREATE SCHEMA no_filter;
    CREATE FUNCTION no_filter.always(bigint, bigint) RETURNS boolean
        LANGUAGE sql IMMUTABLE AS 'SELECT true';
    CREATE OPERATOR no_filter.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = no_filter.always);
    DO $$ BEGIN
        EXECUTE format(
            'ALTER DATABASE %I SET search_path = public, no_filter, pg_catalog', current_database());
    END $$;
";

const TASKS: &str = "SELECT count(*) FROM task";

async fn database() -> Option<Database> {
    Database::postgres_of(ROLE, "").await
}

async fn start_on(database: &Database, flags: &[&str]) -> Api {
    Api::start_to_serve(database.clone(), &[&["--introspection=true"], flags].concat()).await.0
}

/// A server with row-level security.
pub async fn start() -> Option<Api> {
    Some(start_on(&database().await?, &["--row-security"]).await)
}

/// The same without the store's filter.
pub async fn start_without_filter() -> Option<Api> {
    let database = database().await?;
    start_on(&database, &["--row-security"]).await;
    database.execute(TAKE_FILTER_OUT).await;
    Some(start_on(&database, &["--row-security"]).await)
}

/// What a query counts within a transaction.
async fn count(transaction: &DatabaseTransaction, sql: &str) -> i64 {
    let backend = transaction.get_database_backend();
    let statement = sea_orm::Statement::from_string(backend, sql);
    let row = transaction.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

/// Which tasks Bob sees, and what he finds under the id of Alice's.
async fn seen_by_bob(api: &Api) -> Value {
    let alices = api.alice.creates("Alice's").await;
    api.bob.creates("Bob's").await;
    let query = format!("{{ tasks {{ totalCount }} task(id: \"{alices}\") {{ title }} }}");
    api.bob.asks(&query).await
}

#[tokio::test]
async fn the_filter_that_is_taken_out_was_the_only_one() {
    let Some(database) = database().await else { return };
    start_on(&database, &[]).await;
    database.execute(TAKE_FILTER_OUT).await;
    let api = start_on(&database, &[]).await;
    let seen = seen_by_bob(&api).await;
    assert_eq!(seen, json!({ "tasks": { "totalCount": 2 }, "task": { "title": "Alice's" } }));

    let api = start_without_filter().await.unwrap();
    let seen = seen_by_bob(&api).await;
    assert_eq!(seen, json!({ "tasks": { "totalCount": 1 }, "task": null }));
}

#[tokio::test]
async fn a_statement_reaches_the_rows_of_whom_it_names_and_no_others() {
    let Some(api) = start().await else { return };
    for (person, tasks) in [(&api.alice, 2), (&api.bob, 1)] {
        for _ in 0..tasks {
            person.creates("x").await;
        }
    }
    let connection = api.database.connect().await;
    for (setting, tasks, users) in [
        ("", 0, 0),
        ("SET LOCAL taskward.sub = 'alice'", 2, 1),
        ("SET LOCAL taskward.sub = 'bob'", 1, 1),
        ("SET LOCAL taskward.sub = 'carol'", 0, 0),
        ("SET LOCAL taskward.sub = ''", 0, 0),
        ("SET LOCAL taskward.all_users = 'on'", 3, 2),
        ("SET LOCAL taskward.all_users = ''", 0, 0),
        ("", 0, 0), // What another transaction said has ended with it.
    ] {
        let transaction = connection.begin().await.unwrap();
        transaction.execute_unprepared(setting).await.unwrap();
        let counted = (
            count(&transaction, TASKS).await,
            count(&transaction, r#"SELECT count(*) FROM "user""#).await,
        );
        assert_eq!(counted, (tasks, users), "{setting}");
    }

    // Alice came first.
    api.alice.creates_tag("Alice's").await;
    for (user, owner, updated, inserted) in
        [("alice", 1, 1, true), ("bob", 1, 0, false), ("bob", 2, 0, true), ("carol", 2, 0, false)]
    {
        let transaction = connection.begin().await.unwrap();
        let name = format!("SET LOCAL taskward.sub = '{user}'");
        transaction.execute_unprepared(&name).await.unwrap();
        let update = transaction.execute_unprepared("UPDATE tag SET name = 'Taken'").await.unwrap();
        assert_eq!(update.rows_affected(), updated, "{user}");
        let insert = format!(
            "INSERT INTO tag (user_no, id, name, name_key, created_at, updated_at, version, number) \
             VALUES ({owner}, gen_random_uuid(), 'x', 'x', now(), now(), 1, 1)"
        );
        let insert = transaction.execute_unprepared(&insert).await;
        assert_eq!(insert.is_ok(), inserted, "{user} inserts a row of user {owner}: {insert:?}");
    }
}

#[tokio::test]
async fn each_table_with_rows_of_users_has_a_policy() {
    let Some(database) = database().await else { return };
    start_on(&database, &["--row-security"]).await;
    let unguarded = "SELECT count(*) FROM pg_class WHERE relkind = 'r' \
        AND relnamespace = 'public'::regnamespace AND NOT (relrowsecurity AND relforcerowsecurity) \
        AND relname NOT IN ('secret', 'seaql_migrations')";
    assert_eq!(database.number(unguarded).await, 0);
    let policies = "SELECT count(*) FROM pg_policies WHERE tablename IN \
        ('user', 'task', 'tag', 'task_list', 'task_tag', 'tombstone', 'revocation')";
    assert_eq!(database.number(policies).await, 7);
}

#[tokio::test]
async fn a_server_switches_it_on_and_off() {
    let Some(database) = database().await else { return };
    for (flags, policies, tasks) in
        [(&[][..], 0, 1), (&["--row-security"], 7, 0), (&["--row-security"], 7, 0), (&[], 0, 4)]
    {
        // Together, as replicas start.
        let replicas = join_all((0..3).map(|_| start_on(&database, flags))).await;
        replicas[0].alice.creates("x").await;
        assert_eq!(database.number("SELECT count(*) FROM pg_policies").await, policies);
        assert_eq!(database.number(TASKS).await, tasks);
    }
}

#[tokio::test]
async fn the_servers_own_work_reaches_the_rows_of_all_users() {
    let Some(api) = start().await else { return };
    let task = api.alice.creates("Old").await;
    api.alice.delete(json!({ "id": task })).await.data();
    let other = start_on(&api.database, &["--row-security"]).await;
    let token = api.token("bob", &json!({}));
    let bob = api.with_token(token.as_str());
    bob.asks("mutation { signOut(input: { everywhere: true }) { __typename } }").await;
    other.learns().await;
    assert_eq!(
        other.with_token(token.as_str()).post("{ viewer { id } }", json!({})).await.status,
        401
    );

    api.wait(TimeDelta::days(31));
    api.system.purge().await.unwrap();
    let alice = api.with_token(tokens::of("alice", api.clock.now()));
    let left = alice.asks("{ tasks(filter: { trash: ONLY }) { totalCount } }").await;
    assert_eq!(left["tasks"]["totalCount"], 0);
}

#[tokio::test]
async fn a_role_to_which_policies_do_not_apply_is_refused() {
    for (role, attributes) in [("taskward_super", "SUPERUSER"), ("taskward_exempt", "BYPASSRLS")] {
        let Some(database) = Database::postgres_of(role, attributes).await else { return };
        let folder = || Folder::new().with("DATABASE_URL", &database.url());
        let output = folder().with("TASKWARD_ROW_SECURITY", "true").run(&["migrate"]);
        let expected = format!("TASKWARD_ROW_SECURITY: the role {role} is a superuser or has");
        assert_eq!(output.code, Some(1));
        assert!(output.stderr.contains(&expected), "{}", output.stderr);
        let tables = "SELECT count(*) FROM pg_class WHERE relname = 'task'";
        assert_eq!(database.number(tables).await, 0, "nothing has changed");
        folder().run(&["migrate"]).succeeds();
    }
}
