//! The words of tasks that were written before words were kept as they are now.
//!
//! Which words a text has is the program's to say: whoever migrates brings it along.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DatabaseTransaction, DbBackend, Statement, Value, prelude::Uuid},
};

/// The words of a text of that owner, as they are searched.
pub type Indexed = fn(i64, &str) -> String;

/// How many tasks are held at once.
const AT_ONCE: usize = 1_000;

/// Sets the words of all tasks.
pub async fn fill(transaction: &DatabaseTransaction, indexed: Indexed) -> Result<(), DbErr> {
    let backend = transaction.get_database_backend();
    let (page, update) = match backend {
        DbBackend::Sqlite => (
            "SELECT user_no, id, title, description FROM task \
             WHERE (user_no, id) > (?, ?) ORDER BY user_no, id LIMIT 1000",
            "UPDATE task SET title_words = ?, description_words = ? WHERE user_no = ? AND id = ?",
        ),
        _ => (
            "SELECT user_no, id, title, description FROM task \
             WHERE (user_no, id) > ($1, $2) ORDER BY user_no, id LIMIT 1000",
            "UPDATE task SET title_words = $1, description_words = $2 WHERE user_no = $3 AND id = $4",
        ),
    };
    let statement = |sql, values: Vec<Value>| Statement::from_sql_and_values(backend, sql, values);
    let mut last = (0_i64, Uuid::nil());
    loop {
        let (owner, id) = last;
        let rows =
            transaction.query_all_raw(statement(page, vec![owner.into(), id.into()])).await?;
        for row in &rows {
            let (owner, id): (i64, Uuid) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let title: String = row.try_get_by_index(2)?;
            let description: Option<String> = row.try_get_by_index(3)?;
            let values = vec![
                indexed(owner, &title).into(),
                indexed(owner, description.as_deref().unwrap_or_default()).into(),
                owner.into(),
                id.into(),
            ];
            transaction.execute_raw(statement(update, values)).await?;
            last = (owner, id);
        }
        if rows.len() < AT_ONCE {
            return Ok(());
        }
    }
}
