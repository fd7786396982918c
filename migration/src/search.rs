//! The index of the words of tasks.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// On SQLite a table that keeps the index alone, and triggers that keep it in step with each write.
/// Tokens are made of ASCII letters, ASCII digits and anything beyond ASCII, which its simplest
/// tokenizer leaves whole.
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

/// On PostgreSQL an index of the words as they are: no parser and no dictionary looks at them. It is
/// over a column and not over an expression, which the planner takes for cheap and would rather work
/// out for row after row of a list. Words do not wait to be indexed, since each search would have to
/// go through all those that wait.
const POSTGRES: &str = "
ALTER TABLE task ADD COLUMN tokens tsvector NOT NULL GENERATED ALWAYS AS (
    array_to_tsvector(string_to_array(trim(title_words || ' ' || description_words), ' '))
) STORED;
CREATE INDEX task_search ON task USING gin (tokens) WITH (fastupdate = off);
";

/// Begins to index the words, of the tasks that are written from now on.
pub async fn create(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let sql = match manager.get_database_backend() {
        DbBackend::Sqlite => SQLITE,
        _ => POSTGRES,
    };
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}
