//! Foreign keys: the database itself refuses a link between the rows of two users. These tests write to
//! the tables past the code.

use sea_orm::{ConnectionTrait, DatabaseConnection, SqlErr};
use serde_json::json;

use crate::harness::{Api, Person, on_each_database};

/// The ids of rows of one user.
struct Rows {
    task: String,
    tag: String,
    list: String,
}

impl Rows {
    async fn of(person: &Person) -> Self {
        let document = "mutation {
            createTask(input: { title: \"A task\" }) { task { id } }
            createTag(input: { name: \"A tag\" }) { tag { id } }
            createList(input: { name: \"A list\" }) { list { id } }
        }";
        let made = person.asks(document).await;
        let id = |payload: &str, kind: &str| made[payload][kind]["id"].as_str().unwrap().to_owned();
        Self {
            task: id("createTask", "task"),
            tag: id("createTag", "tag"),
            list: id("createList", "list"),
        }
    }
}

/// The error of a statement that the database refuses.
async fn refusal(db: &DatabaseConnection, sql: &str) -> Option<SqlErr> {
    db.execute_unprepared(sql).await.unwrap_err().sql_err()
}

on_each_database! {
    async fn a_row_cannot_point_at_somebody_elses(api: Api) {
        let (alices, bobs) = (Rows::of(&api.alice).await, Rows::of(&api.bob).await);
        let db = api.database.connect().await;
        let alice = "(SELECT no FROM \"user\" WHERE sub = 'alice')";
        let id = |id: &str| api.database.literal(id);
        let own = format!("WHERE user_no = {alice} AND id = {}", id(&alices.task));
        for (column, foreign) in [("list_id", &bobs.list), ("parent_id", &bobs.task)] {
            let refusal = refusal(&db, &format!("UPDATE task SET {column} = {} {own}", id(foreign))).await;
            assert!(matches!(refusal, Some(SqlErr::ForeignKeyConstraintViolation(_))), "{refusal:?}");
        }
        for (task, tag) in [
            (&alices.task, &bobs.tag),
            (&bobs.task, &alices.tag),
            (&bobs.task, &bobs.tag),
        ] {
            let link = format!("({alice}, {}, {})", id(task), id(tag));
            let refusal = refusal(&db, &format!("INSERT INTO task_tag (user_no, task_id, tag_id) VALUES {link}")).await;
            assert!(matches!(refusal, Some(SqlErr::ForeignKeyConstraintViolation(_))), "{refusal:?}");
        }
        // The same to one's own is what the refusals are measured by.
        for (column, own_id) in [("list_id", &alices.list), ("parent_id", &alices.task)] {
            db.execute_unprepared(&format!("UPDATE task SET {column} = {} {own}", id(own_id))).await.unwrap();
        }
        let link = format!("({alice}, {}, {})", id(&alices.task), id(&alices.tag));
        db.execute_unprepared(&format!("INSERT INTO task_tag (user_no, task_id, tag_id) VALUES {link}")).await.unwrap();
    }

    async fn what_others_point_at_cannot_be_deleted_past_the_code(api: Api) {
        let alices = Rows::of(&api.alice).await;
        let child = json!({ "title": "Under it", "parentId": alices.task });
        api.alice.creates_with(child).await;
        api.alice.creates_with(json!({ "title": "In it", "listId": alices.list })).await;
        let db = api.database.connect().await;
        for (table, id) in [("task", &alices.task), ("task_list", &alices.list)] {
            let refusal = refusal(&db, &format!("DELETE FROM {table} WHERE id = {}", api.database.literal(id))).await;
            assert!(matches!(refusal, Some(SqlErr::ForeignKeyConstraintViolation(_))), "{refusal:?}");
        }
    }
}
