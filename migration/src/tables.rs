//! The names of tables and columns, of all migrations together, and what several tables share.

use sea_orm_migration::prelude::*;

#[derive(DeriveIden)]
pub enum User {
    Table,
    No,
    Sub,
    TimeZone,
    Counter,
    Tasks,
    Tags,
    Lists,
    Bytes,
    Forgotten,
}

#[derive(DeriveIden, Clone, Copy)]
pub enum Task {
    Table,
    No,
    UserNo,
    Id,
    Title,
    TitleKey,
    TitleWords,
    Description,
    DescriptionWords,
    Words,
    Priority,
    DueOn,
    DueAt,
    DueAsc,
    DueDesc,
    StartOn,
    CompletedAt,
    CompletedAsc,
    CompletedDesc,
    ListId,
    ParentId,
    Position,
    CreatedAt,
    UpdatedAt,
    DeletedAt,
    DeletedWith,
    Version,
    Number,
}

#[derive(DeriveIden)]
pub enum Tag {
    Table,
    UserNo,
    Id,
    Name,
    NameKey,
    Color,
    CreatedAt,
    UpdatedAt,
    Version,
    Number,
}

#[derive(DeriveIden)]
pub enum TaskTag {
    Table,
    UserNo,
    TaskId,
    TagId,
}

#[derive(DeriveIden)]
pub enum TaskList {
    Table,
    UserNo,
    Id,
    Name,
    Color,
    Position,
    ArchivedAt,
    CreatedAt,
    UpdatedAt,
    Version,
    Number,
}

#[derive(DeriveIden)]
pub enum Tombstone {
    Table,
    Kind,
    Number,
    At,
}

#[derive(DeriveIden)]
pub enum Revocation {
    Table,
    No,
    UserNo,
    Session,
    Until,
    IssuedBefore,
}

#[derive(DeriveIden)]
pub enum Secret {
    Table,
    Name,
    Value,
}

/// The columns that all tables of the sync log have.
#[derive(DeriveIden)]
pub enum Logged {
    UserNo,
    Id,
    Number,
}

/// A table whose rows belong to users, with the key `(user_no, id)`.
pub fn owned(table: impl IntoIden) -> TableCreateStatement {
    let table = table.into_iden();
    Table::create()
        .table(table.clone())
        .col(ColumnDef::new(Logged::UserNo).big_integer().not_null())
        .col(ColumnDef::new(Logged::Id).uuid().not_null())
        .primary_key(Index::create().col(Logged::UserNo).col(Logged::Id))
        .foreign_key(&mut references_user(table))
        .take()
}

/// The foreign key of a row to the user who owns it.
pub fn references_user(table: impl IntoIden) -> ForeignKeyCreateStatement {
    let table = table.into_iden();
    ForeignKey::create()
        .name(format!("{table}_user_no"))
        .from(table, Logged::UserNo)
        .to(User::Table, User::No)
        .take()
}
