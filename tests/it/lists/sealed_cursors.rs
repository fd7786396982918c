//! Cursors that hold a text are sealed: nobody can read or make one but the server.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::page::{List, letters, opened, page, refused, shown};
use crate::harness::{Api, Database, ORDERS, Person, on_each_database};

/// What no cursor may show, in the letters of any key that sorts by it.
const SECRET: &str = "secret";

fn by(field: &str) -> Value {
    json!([{ "field": field }])
}

/// The bytes of a cursor.
fn bytes(cursor: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(cursor).unwrap()
}

/// Whether the secret can be read in a cursor.
fn shows_secret(cursor: &str) -> bool {
    String::from_utf8_lossy(&bytes(cursor)).to_lowercase().contains(SECRET)
}

/// The cursor of the only task in the order of titles.
async fn title_cursor(person: &Person) -> String {
    page(person, json!({ "orderBy": by("TITLE") })).await.cursors.remove(0)
}

/// Whether the list by title is read from that cursor on.
async fn accepts(person: &Person, cursor: &str) -> bool {
    let arguments = json!({ "orderBy": by("TITLE"), "before": cursor });
    List::Tasks.try_page(person, arguments).await.json().get("errors").is_none()
}

on_each_database! {
    async fn no_cursor_shows_what_a_user_wrote(api: Api) {
        let id = api.alice.creates("Secret").await;
        api.alice.creates_with(json!({ "title": "Secret", "parentId": id })).await;
        api.alice.creates_tag("Secret").await;
        api.alice.creates_list("Secret").await;
        let mut seen = Vec::new();
        for list in [List::Tags, List::TaskLists] {
            seen.extend(list.page(&api.alice, json!({})).await.cursors);
        }
        for field in ORDERS {
            for order in [by(field), json!([{ "field": field }, { "field": "TITLE", "direction": "DESC" }])] {
                let arguments = json!({ "orderBy": order, "filter": { "search": "secret" } });
                for list in [List::Tasks, List::Subtasks(&id)] {
                    seen.extend(list.page(&api.alice, arguments.clone()).await.cursors);
                    let by_library = list.page(&api.alice, arguments.clone());
                    seen.extend(api.alice.by_library(by_library).await.cursors);
                }
            }
        }
        // Of each order two tasks and one subtask, each by a plan and by the library.
        assert_eq!(seen.len(), 2 + ORDERS.len() * 2 * 3 * 2);
        for cursor in seen {
            assert!(!shows_secret(&cursor), "{cursor}");
        }
    }

    async fn a_sealed_cursor_is_valid_after_a_restart_and_at_other_replicas(api: Api) {
        letters(&api, "abc").await;
        let order = by("TITLE");
        let list = page(&api.alice, json!({ "orderBy": order })).await;
        let other = Api::start(api.database.clone()).await;
        let arguments = json!({ "orderBy": order, "after": list.at("b") });
        assert_eq!(shown(&other.alice, arguments).await, "… c");
        // Clients compare them.
        assert_eq!(page(&other.alice, json!({ "orderBy": order })).await.cursors, list.cursors);
    }

    async fn a_sealed_cursor_is_taken_as_it_is_or_not_at_all(api: Api) {
        let id = api.alice.creates("Secret").await;
        let cursor = title_cursor(&api.alice).await;
        assert!(accepts(&api.alice, &cursor).await);

        let sealed = bytes(&cursor);
        let mut forgeries: Vec<_> = (0..sealed.len())
            .map(|at| {
                let mut altered = sealed.clone();
                altered[at] ^= 1;
                altered
            })
            .collect();
        forgeries.extend((0..sealed.len()).map(|length| sealed[..length].to_vec()));
        forgeries.push([&sealed[..], &[0]].concat());
        // What is sealed in it, in clear, and in clear behind the mark of a sealed one.
        let clear = json!([1, "tasks by Title Asc", [["secret"], id]]).to_string().into_bytes();
        forgeries.extend([[&sealed[..1], &clear].concat(), clear]);
        for forgery in forgeries {
            let forgery = BASE64_URL_SAFE_NO_PAD.encode(forgery);
            for field in ["after", "before"] {
                let arguments = json!({ "orderBy": by("TITLE"), field: forgery });
                assert_eq!(refused(&api.alice, arguments).await, field, "{forgery}");
            }
        }
        // The order of numbers and that of texts, each with the cursor of the other.
        assert_eq!(refused(&api.alice, json!({ "after": cursor })).await, "after");
        let number = page(&api.alice, json!({})).await.cursors.remove(0);
        assert_eq!(opened(&number)[2][1], json!(id));
        assert!(!accepts(&api.alice, &number).await);
    }

    async fn a_sealed_cursor_is_its_users(api: Api) {
        api.alice.creates("a").await;
        api.bob.creates("a").await;
        let (alices, bobs) = (title_cursor(&api.alice).await, title_cursor(&api.bob).await);
        assert!(accepts(&api.alice, &alices).await && accepts(&api.bob, &bobs).await);
        assert!(!accepts(&api.alice, &bobs).await && !accepts(&api.bob, &alices).await);
    }
}

#[tokio::test]
async fn servers_that_start_together_seal_with_one_key() {
    for database in
        [Some(Database::sqlite()), Database::empty_postgres().await].into_iter().flatten()
    {
        let apis = join_all((0..4).map(|_| Api::start(database.clone()))).await;
        apis[0].alice.creates("a").await;
        let cursor = title_cursor(&apis[0].alice).await;
        for api in &apis {
            assert!(accepts(&api.alice, &cursor).await);
        }
    }
}

#[tokio::test]
async fn each_database_has_a_key_of_its_own() {
    let (here, there) = (Database::sqlite(), Database::sqlite());
    let (here, there) = (Api::start(here).await, Api::start(there).await);
    for api in [&here, &there] {
        api.alice.creates("a").await;
    }
    let (cursor, foreign) = (title_cursor(&here.alice).await, title_cursor(&there.alice).await);
    assert!(accepts(&here.alice, &cursor).await);
    assert!(!accepts(&here.alice, &foreign).await);
}
