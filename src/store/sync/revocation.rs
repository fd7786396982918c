//! Revocations: a sign-out writes them, and every replica reads them.

use futures_util::future::BoxFuture;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, ExprTrait, FromQueryResult,
    QueryFilter,
    sea_query::{Expr, Order, Query},
};
use tokio::time::timeout;

use crate::{
    auth::{BoxError, Revocation, RevocationLog, Revoked},
    store::{
        OwnedStore,
        entity::{
            revocation::{ActiveModel, Column, Entity},
            user,
        },
        error::StoreError,
        owned::Owned,
        sql::{connect::REVOCATION_TIMEOUT, dialect::BATCH_SIZE, row_security::RowScope},
        system::SystemStore,
        write::transaction::WriteTransaction,
    },
    time::Timestamp,
};

/// On PostgreSQL, sign-outs run one after the other, so that no `no` is visible before a smaller one. The
/// key of the lock is arbitrary.
const ADVISORY_LOCK: &str = "SELECT pg_advisory_xact_lock(8386110886542144101)";

impl OwnedStore {
    /// Stores which of the viewer's tokens all replicas refuse from now on.
    pub async fn revoke(&self, revoked: &[Revoked]) -> Result<(), StoreError> {
        let write = self.write().await?;
        if write.transaction.get_database_backend() == DbBackend::Postgres {
            write.transaction.execute_unprepared(ADVISORY_LOCK).await?;
        }
        for revoked in revoked {
            write.revoke(revoked).await?;
        }
        write.commit(()).await?;
        Ok(())
    }
}

impl WriteTransaction {
    /// Keeps one row for each session, and one for all that was issued before an instant. A later instant takes a
    /// new row, with a number that the replicas have not read yet.
    async fn revoke(&self, revoked: &Revoked) -> Result<(), StoreError> {
        let (of_same, instant, until, row) = match revoked {
            Revoked::Session { key, until } => (
                Column::Session.eq(key),
                Column::Until,
                until,
                ActiveModel {
                    session: Set(Some(key.clone())),
                    until: Set(Some(*until)),
                    ..Default::default()
                },
            ),
            Revoked::IssuedBefore(until) => (
                Column::Session.is_null(),
                Column::IssuedBefore,
                until,
                ActiveModel { issued_before: Set(Some(*until)), ..Default::default() },
            ),
        };
        Entity::delete_owned(self.user)
            .filter(of_same.clone())
            .filter(instant.lt(*until))
            .exec(&self.transaction)
            .await?;
        let includes_it = Entity::find_owned(self.user).filter(of_same);
        if includes_it.one(&self.transaction).await?.is_none() {
            Entity::insert_owned::<ActiveModel>(self.user, row)
                .exec_without_returning(&self.transaction)
                .await?;
        }
        Ok(())
    }
}

/// A revocation with the `sub` of its user.
#[derive(FromQueryResult)]
struct Row {
    no: i64,
    sub: String,
    session: Option<String>,
    until: Option<Timestamp>,
    issued_before: Option<Timestamp>,
}

/// Read over a connection of their own, so that requests which take all others keep no sign-out from being known.
impl RevocationLog for SystemStore {
    fn revocations_after(&self, no: i64) -> BoxFuture<'_, Result<Vec<Revocation>, BoxError>> {
        Box::pin(async move { Ok(timeout(REVOCATION_TIMEOUT, self.read_revocations(no)).await??) })
    }
}

impl SystemStore {
    async fn read_revocations(&self, no: i64) -> Result<Vec<Revocation>, DbErr> {
        let mut select = Query::select();
        select
            .columns(
                [Column::No, Column::Session, Column::Until, Column::IssuedBefore]
                    .map(|column| (Entity, column)),
            )
            .column((user::Entity, user::Column::Sub))
            .from(Entity)
            .inner_join(
                user::Entity,
                Expr::col((Entity, Column::UserNo)).equals((user::Entity, user::Column::No)),
            )
            .and_where(Expr::col((Entity, Column::No)).gt(no))
            .order_by((Entity, Column::No), Order::Asc)
            .limit(BATCH_SIZE as u64);
        let connection = self.0.pools.revocations.reaching(RowScope::All);
        let rows = connection.query_all(&select).await?;
        rows.iter().map(|row| Row::from_query_result(row, "")?.revocation()).collect()
    }

    /// Deletes the revocations of sessions whose tokens have all expired.
    pub async fn purge_revocations(&self) -> Result<(), StoreError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "an expired revocation has no effect on any user"
        )]
        Entity::delete_many()
            .filter(Column::Until.lte(self.0.clock.now()))
            .exec(&self.writer())
            .await?;
        Ok(())
    }
}

impl Row {
    fn revocation(self) -> Result<Revocation, DbErr> {
        let revoked = match (self.session, self.until, self.issued_before) {
            (Some(key), Some(until), None) => Revoked::Session { key, until },
            (None, None, Some(instant)) => Revoked::IssuedBefore(instant),
            _ => return Err(DbErr::Custom(format!("revocation {} is neither kind", self.no))),
        };
        Ok(Revocation { no: self.no, sub: self.sub, revoked })
    }
}
