//! The one door through which anything is written.

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, FromQueryResult,
    Iterable, QueryFilter, SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sea_query::{Expr, OnConflict, Query},
};

use super::{OwnedStore, UserNo, dialect::Dialect, entity::user, error::StoreError};
use crate::{calendar::Zone, clock::Instant};

/// A transaction that holds the user's row, and with it the next number of the user's counter.
///
/// All writes of one user wait for each other here, so what is read inside stays true until the
/// end, and a number is only ever seen after all smaller ones. Dropped, it changes nothing.
#[must_use = "nothing is written before `commit`"]
pub struct Write {
    pub transaction: Dialect<DatabaseTransaction>,
    pub user: UserNo,
    /// The number that this change stamps on each row it touches.
    pub number: i64,
    /// Where the user's days begin and end.
    pub zone: Zone,
    pub now: Instant,
}

impl OwnedStore {
    /// Opens the door for one change.
    pub(super) async fn write(&self) -> Result<Write, StoreError> {
        // On SQLite a transaction that reads first and writes later may find its place taken.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = Dialect(self.store.pools.writer.0.begin_with_options(options).await?);
        let user = take_number(&transaction, self.user_id.as_str()).await?;
        let zone = user.zone();
        *self.zone.lock().await = Some(zone);
        Ok(Write {
            transaction,
            user: UserNo(user.no),
            number: user.counter,
            zone,
            now: self.store.clock.now(),
        })
    }
}

impl Write {
    /// Makes the change last and gives back what it came to.
    pub async fn commit<T>(self, outcome: T) -> Result<T, StoreError> {
        self.transaction.0.commit().await?;
        Ok(outcome)
    }
}

/// Locks the user's row and counts one further, making the row for somebody new.
async fn take_number(
    transaction: &impl ConnectionTrait,
    sub: &str,
) -> Result<user::Model, StoreError> {
    // The update comes first, since an upsert uses up a `no` each time.
    let mut update = Query::update();
    update
        .table(user::Entity)
        .value(user::Column::Counter, Expr::col(user::Column::Counter).add(1))
        .and_where(user::Column::Sub.eq(sub))
        .returning(Query::returning().columns(user::Column::iter()));
    if let Some(row) = transaction.query_one(&update).await? {
        return Ok(user::Model::from_query_result(&row, "")?);
    }
    let newcomer = user::ActiveModel {
        sub: Set(sub.to_owned()),
        counter: Set(1),
        time_zone: Set(Zone::UTC.name().to_owned()),
        ..Default::default()
    };
    let counted_by_another = OnConflict::column(user::Column::Sub)
        .value(user::Column::Counter, Expr::col((user::Entity, user::Column::Counter)).add(1))
        .to_owned();
    #[expect(clippy::disallowed_methods, reason = "a user owns the row of their own `sub`")]
    let insert = user::Entity::insert(newcomer).on_conflict(counted_by_another);
    Ok(insert.exec_with_returning(transaction).await?)
}

/// The row of a user who has written before.
pub async fn find_user(
    connection: &impl ConnectionTrait,
    sub: &str,
) -> Result<Option<user::Model>, StoreError> {
    #[expect(clippy::disallowed_methods, reason = "a user owns the row of their own `sub`")]
    let find = user::Entity::find().filter(user::Column::Sub.eq(sub));
    Ok(find.one(connection).await?)
}
