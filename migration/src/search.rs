//! The full-text index of tasks.
//!
//! The columns `title_words` and `description_words` hold the tokens of a text. The program computes
//! them, so whoever migrates passes the [`Tokenizer`].

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DatabaseTransaction, DbBackend, Statement, Value, prelude::Uuid},
};

/// The search tokens of a text of that owner.
pub type Tokenizer = fn(i64, &str) -> String;

/// The number of tasks in memory at once.
const BATCH: usize = 1_000;

/// On SQLite a contentless FTS5 table, and triggers that update it with each write. Tokens consist of
/// ASCII letters, ASCII digits and characters beyond ASCII, which the tokenizer `ascii` does not split.
const SQLITE: &str = "
CREATE VIRTUAL TABLE task_search USING fts5(
    words, content='', contentless_delete=1, detail=none, tokenize='ascii'
);
CREATE TRIGGER task_search_insert AFTER INSERT ON task BEGIN
    INSERT INTO task_search (rowid, words)
    VALUES (new.no, new.title_words || ' ' || new.description_words);
END;
CREATE TRIGGER task_search_update AFTER UPDATE OF title_words, description_words ON task
WHEN old.title_words <> new.title_words OR old.description_words <> new.description_words BEGIN
    UPDATE task_search SET words = new.title_words || ' ' || new.description_words
    WHERE rowid = new.no;
END;
CREATE TRIGGER task_search_delete AFTER DELETE ON task BEGIN
    DELETE FROM task_search WHERE rowid = old.no;
END;
";

/// On PostgreSQL a GIN index of the tokens, without a parser and a dictionary. It is over a generated
/// column: the planner takes an expression for cheap, and would compute it for each row of a list
/// rather than use the index. Without `fastupdate`, no search has to scan a list of pending entries.
const POSTGRES: &str = "
ALTER TABLE task ADD COLUMN tokens tsvector NOT NULL GENERATED ALWAYS AS (
    array_to_tsvector(string_to_array(trim(title_words || ' ' || description_words), ' '))
) STORED;
CREATE INDEX task_search ON task USING gin (tokens) WITH (fastupdate = off);
";

/// Creates the index, for tasks that are written from now on.
pub async fn create_index(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let sql = match manager.get_database_backend() {
        DbBackend::Sqlite => SQLITE,
        _ => POSTGRES,
    };
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}

/// Computes the tokens of all tasks, in batches.
pub async fn index_existing(
    transaction: &DatabaseTransaction,
    tokenizer: Tokenizer,
) -> Result<(), DbErr> {
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
                tokenizer(owner, &title).into(),
                tokenizer(owner, description.as_deref().unwrap_or_default()).into(),
                owner.into(),
                id.into(),
            ];
            transaction.execute_raw(statement(update, values)).await?;
            last = (owner, id);
        }
        if rows.len() < BATCH {
            return Ok(());
        }
    }
}
