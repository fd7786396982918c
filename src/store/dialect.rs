//! The difference between the two databases that sea-orm leaves to us: where instants lie.

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, Value,
    entity::prelude::async_trait,
};

/// A connection or a transaction that writes an instant as its database keeps it: SQLite gets the
/// milliseconds, where the driver would write a text.
#[derive(Debug)]
pub struct Dialect<C>(pub C);

impl<C: ConnectionTrait> Dialect<C> {
    fn turn(&self, mut statement: Statement) -> Statement {
        if self.get_database_backend() == DbBackend::Sqlite {
            for value in statement.values.iter_mut().flat_map(|values| &mut values.0) {
                if let Value::ChronoDateTimeUtc(instant) = value {
                    *value = Value::BigInt(instant.map(|instant| instant.timestamp_millis()));
                }
            }
        }
        statement
    }
}

#[async_trait::async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Dialect<C> {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.0.execute_raw(self.turn(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.0.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.0.query_one_raw(self.turn(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.0.query_all_raw(self.turn(statement)).await
    }
}
