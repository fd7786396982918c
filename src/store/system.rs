//! What is done for all users alike: the only work that is not some viewer's.

use std::{collections::HashSet, sync::Arc};

use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, sea_query::UnionType,
};

use super::{
    Store,
    entity::{
        id::TaskId,
        task::{Column, Entity},
        tombstone, user,
    },
    error::StoreError,
    owned::Owned,
    sql::{dialect::Dialect, pool::ScopedPool, row_security::RowScope},
    write::{location::SubtreeNode, tombstones::TOMBSTONE_LIFE, transaction::WriteTransaction},
};

/// How long a task stays in the trash.
const TRASH_LIFE: chrono::TimeDelta = chrono::TimeDelta::days(30);

/// The door to the rows of all users.
#[derive(Clone, Debug)]
pub struct SystemStore(pub(super) Arc<Store>);

impl Store {
    /// The rows of all users: for housekeeping, never for a request.
    pub fn for_system(self: &Arc<Self>) -> SystemStore {
        SystemStore(Arc::clone(self))
    }
}

impl SystemStore {
    pub(super) fn reader(&self) -> Dialect<ScopedPool<'_>> {
        self.0.pools.reader.reaching(RowScope::All)
    }

    pub(super) fn writer(&self) -> Dialect<ScopedPool<'_>> {
        self.0.pools.writer.reaching(RowScope::All)
    }

    /// Deletes for good what has been in the trash for 30 days, and forgets what was deleted for good
    /// so long ago, and what was signed out of and has expired. Replicas may do it at the same time:
    /// each user's row is held meanwhile, and who comes second finds nothing left to do.
    pub async fn purge(&self) -> Result<(), StoreError> {
        for sub in self.owners_of_what_is_old().await? {
            // One whose trash cannot be emptied does not keep it from the others.
            if let Err(error) = self.purge_of(&sub).await {
                tracing::warn!(?error, "a user's trash could not be emptied");
            }
        }
        self.purge_revocations().await
    }

    async fn purge_of(&self, sub: &str) -> Result<(), StoreError> {
        let mut write = WriteTransaction::begin(&self.0, sub, None).await?;
        write.purge().await?;
        write.purge_tombstones().await?;
        write.commit(()).await?;
        Ok(())
    }

    async fn owners_of_what_is_old(&self) -> Result<Vec<String>, StoreError> {
        let now = self.0.clock.now();
        #[expect(clippy::disallowed_methods, reason = "everybody's trash is emptied")]
        let of_trash = Entity::find()
            .filter(Column::DeletedAt.lte(now.before(TRASH_LIFE)))
            .select_only()
            .column(Column::UserNo);
        #[expect(clippy::disallowed_methods, reason = "an old tombstone has no use to anybody")]
        let of_tombstones = tombstone::Entity::find()
            .filter(tombstone::Column::At.lte(now.before(TOMBSTONE_LIFE)))
            .select_only()
            .column(tombstone::Column::UserNo);
        let mut owners = of_trash.into_query();
        owners.union(UnionType::Distinct, of_tombstones.into_query());
        #[expect(clippy::disallowed_methods, reason = "everybody's trash is emptied")]
        let subs = user::Entity::find()
            .filter(user::Column::No.in_subquery(owners))
            .select_only()
            .column(user::Column::Sub);
        Ok(subs.into_tuple().all(&self.reader()).await?)
    }
}

impl WriteTransaction {
    /// Deletes for good what has been in the trash for too long, with all under it.
    async fn purge(&mut self) -> Result<(), StoreError> {
        let old = Entity::find_owned(self.user)
            .filter(Column::DeletedAt.lte(self.now.before(TRASH_LIFE)))
            .select_only()
            .columns([Column::Id, Column::ParentId, Column::DeletedWith])
            .into_tuple::<(TaskId, Option<TaskId>, Option<TaskId>)>()
            .all(&self.transaction)
            .await?;
        let ids: HashSet<_> = old.iter().map(|(id, ..)| *id).collect();
        let top = old.iter().filter(|(_, parent, _)| parent.is_none_or(|id| !ids.contains(&id)));
        let top = top.map(|(id, _, with)| SubtreeNode { id: *id, deleted_with: *with });
        self.delete_subtree(top.collect()).await?;
        Ok(())
    }
}
