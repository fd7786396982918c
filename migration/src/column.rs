//! Columns whose type depends on the database.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// An instant: `timestamptz` on PostgreSQL, an integer of milliseconds since 1970 on SQLite, where
/// text would have to be parsed for each row.
pub fn instant(name: impl IntoIden, backend: DbBackend) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match backend {
        DbBackend::Sqlite => column.big_integer(),
        _ => column.timestamp_with_time_zone(),
    };
    column
}

/// Text that sorts by its bytes, whatever the locale of the database.
pub fn bytewise_text(name: impl IntoIden, backend: DbBackend) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text();
    if backend == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}
