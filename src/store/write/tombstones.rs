//! Permanent deletions, and the tombstones that they leave: the log of changes tells them, and an id is
//! not taken again while its tombstone is there.

use chrono::TimeDelta;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, Iterable, QueryFilter, QuerySelect,
    QueryTrait,
    sea_query::{Expr, ExprTrait, IntoCondition, OnConflict, Query},
};
use uuid::Uuid;

use super::transaction::WriteTransaction;
use crate::store::{
    entity::{tombstone, user},
    error::StoreError,
    object::{ID, ObjectEntity, ObjectKind},
    owned::Owned,
    sql::dialect::BATCH_SIZE,
    sync::change_seq::ChangeSeq,
};

/// How long a tombstone is kept.
pub const TOMBSTONE_LIFE: TimeDelta = TimeDelta::days(30);

impl WriteTransaction {
    /// Whether an id belongs to an object, or did so until not long ago.
    pub async fn is_taken(&self, id: Uuid) -> Result<bool, StoreError> {
        let youngest_forgotten = self.now.before(TOMBSTONE_LIFE);
        let tombstone = tombstone::Entity::find_owned(self.user)
            .filter(tombstone::Column::Id.eq(id))
            .filter(tombstone::Column::At.gt(youngest_forgotten));
        let objects = ObjectKind::iter()
            .map(|kind| kind.entries(self.user).and_where(Expr::col(ID).eq(id)).take());
        let used = objects.chain([tombstone.into_query()]);
        let any = used.map(Expr::exists).fold(Condition::any(), Condition::add);
        let mut select = Query::select();
        select.expr(Expr::value(1)).cond_where(any);
        Ok(self.transaction.query_one(&select).await?.is_some())
    }

    /// Deletes rows permanently and leaves their tombstones. A task comes after those under it.
    pub async fn delete_permanently<E: ObjectEntity>(
        &mut self,
        ids: &[E::Id],
    ) -> Result<(), StoreError> {
        use tombstone::Column;
        let again = OnConflict::columns([Column::UserNo, Column::Id])
            .update_columns([Column::Kind, Column::ChangeSeq, Column::At])
            .to_owned();
        for ids in ids.chunks(BATCH_SIZE) {
            self.owned.bytes -= self.bytes_of::<E>(ids).await?;
            let gone = E::delete_owned(self.user).filter(E::ID.is_in(ids.iter().copied()));
            let gone = gone.exec(&self.transaction).await?.rows_affected;
            self.owned.add(E::KIND, -i64::try_from(gone).unwrap_or_default());
            self.charge_entries(ids.len());
            let tombstones = ids.iter().map(|id| tombstone::ActiveModel {
                id: Set((*id).into()),
                kind: Set(E::KIND),
                change_seq: Set(self.change_seq),
                at: Set(self.now),
                ..Default::default()
            });
            tombstone::Entity::insert_many_owned(self.user, tombstones)
                .on_conflict(again.clone())
                .exec_without_returning(&self.transaction)
                .await?;
        }
        Ok(())
    }

    /// Deletes old tombstones.
    pub async fn purge_tombstones(&self) -> Result<(), StoreError> {
        self.forget(tombstone::Column::At.lte(self.now.before(TOMBSTONE_LIFE)).into_condition())
            .await
    }

    /// Deletes these tombstones, and keeps which change the last one was of, so that nobody takes what is left of
    /// the log for all of it.
    pub async fn forget(&self, which: Condition) -> Result<(), StoreError> {
        let purged_through_seq: Option<ChangeSeq> = tombstone::Entity::find_owned(self.user)
            .filter(which.clone())
            .select_only()
            .column_as(tombstone::Column::ChangeSeq.max(), "purged_through_seq")
            .into_tuple()
            .one(&self.transaction)
            .await?
            .flatten();
        let Some(purged_through_seq) = purged_through_seq else { return Ok(()) };
        #[expect(clippy::disallowed_methods, reason = "the owner is the row itself")]
        user::Entity::update_many()
            .col_expr(user::Column::PurgedThroughSeq, Expr::value(purged_through_seq))
            .filter(user::Column::No.eq(self.user.0))
            .exec(&self.transaction)
            .await?;
        tombstone::Entity::delete_owned(self.user).filter(which).exec(&self.transaction).await?;
        Ok(())
    }
}
