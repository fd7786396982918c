//! Row-level security of PostgreSQL: policies on each table with rows of users.
//!
//! A transaction names its user in `taskward.sub`, by `sub`, or sets `taskward.all_users`; otherwise it
//! reaches no row. The server owns the tables, so the policies are forced upon the owner.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DatabaseTransaction, DbBackend, Statement},
};

/// The table of users, and those whose rows belong to one.
const USER: &str = r#""user""#;
const OWNED: [&str; 6] = ["task", "tag", "task_list", "task_tag", "tombstone", "revocation"];

const IS_ALL_USERS: &str = "current_setting('taskward.all_users', true) = 'on'";
const IS_USER: &str = "sub = current_setting('taskward.sub', true)";

/// Switches the policies on or off, where they are not yet as they shall be.
pub async fn switch(transaction: &DatabaseTransaction, on: bool) -> Result<(), DbErr> {
    if on {
        refuse_exempt_role(transaction).await?;
    }
    if forced_tables(transaction).await? == if on { 1 + OWNED.len() } else { 0 } {
        return Ok(());
    }
    for table in [USER].into_iter().chain(OWNED) {
        let sql = if on { enable(table) } else { disable(table) };
        transaction.execute_unprepared(&sql).await?;
    }
    Ok(())
}

fn enable(table: &str) -> String {
    let is_owned = if table == USER {
        IS_USER.to_owned()
    } else {
        format!(r#"user_no = (SELECT no FROM "user" WHERE {IS_USER})"#)
    };
    format!(
        "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; \
         DROP POLICY IF EXISTS taskward ON {table}; \
         CREATE POLICY taskward ON {table} USING ({is_owned} OR {IS_ALL_USERS})"
    )
}

fn disable(table: &str) -> String {
    format!(
        "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY; \
         DROP POLICY IF EXISTS taskward ON {table}"
    )
}

/// On how many of the tables the policies are forced.
async fn forced_tables(transaction: &DatabaseTransaction) -> Result<usize, DbErr> {
    let tables = format!("'{USER}', '{}'", OWNED.join("', '"));
    let sql = format!(
        "SELECT count(*) FROM pg_class \
         WHERE oid = ANY(ARRAY[{tables}]::regclass[]) AND relrowsecurity AND relforcerowsecurity"
    );
    let row = transaction.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let count: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default())
}

/// Policies do not apply to superusers, nor to roles with `BYPASSRLS`.
async fn refuse_exempt_role(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    let sql = "SELECT rolname::text FROM pg_roles \
               WHERE rolname = current_user AND (rolsuper OR rolbypassrls)";
    let exempt =
        transaction.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let Some(exempt) = exempt else { return Ok(()) };
    let role: String = exempt.try_get_by_index(0)?;
    Err(DbErr::Custom(format!(
        "TASKWARD_ROW_SECURITY: the role {role} is a superuser or has BYPASSRLS, so that PostgreSQL does not apply policies to it: name a role without either in DATABASE_URL, or leave the setting out"
    )))
}
