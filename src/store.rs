//! The only door to the tables.
//!
//! Entities and pools are private. [`Store::for_viewer`] opens the door for the one whom the
//! authenticator has verified, and everything behind it filters by that user, in SQL.

mod batch_loader;
mod entity;
mod error;
mod list;
mod object;
mod owned;
mod sql;
mod sync;
mod system;
mod tag;
mod task;
mod task_list;
mod user;
mod write;

use std::sync::{Arc, Mutex, PoisonError};

use quick_cache::sync::Cache;
pub(crate) use sea_orm::Value;
use sea_orm::{ColumnTrait, DbErr, Iterable, QueryFilter, QueryTrait};
use tokio::sync::Mutex as AsyncMutex;
use uuid::{ContextV7, Uuid};

pub(crate) use self::{
    entity::{
        id::{ListId, TaskId},
        tag::Column as TagColumn,
        task::{Column as TaskColumn, Priority},
    },
    error::{Input, StoreError},
    list::{
        filter::{Comparison, TaskFilter, TaskPredicate, Trash},
        keyset::{Direction, KeysetCursor, Side, Window},
        page::Page,
        text::Search,
    },
    object::{Object, ObjectKind},
    owned::{Owned, UserNo},
    sql::projection::{ColumnValue, Row},
    sync::{
        change_seq::ChangeSeq,
        log::{Change, ChangePage, Subscriber, SyncCursor},
    },
    tag::{MOST_TAGS, NewTag, TagColumns, TagPage, TagPart, TagPatch, TagRow},
    task::{Due, TaskColumns, TaskOrder, TaskOrderField, TaskPage, TaskPart, TaskRow},
    task_list::{ListPage, ListPatch, ListRow, NewList},
    write::{
        location::{MOST_LEVELS, Move},
        operation::{Operation, Outcome, PartOutcome},
        ordering::Anchor,
        task_insert::NewTask,
        task_update::TaskPatch,
        task_values::{TaskValues, TaskValuesPatch},
        transaction::Committed,
    },
};
pub use self::{object::ObjectCounts as Quotas, system::SystemStore};
use self::{
    object::ObjectEntity,
    sql::{cached_sql::CachedSql, connect::Pools, dialect::fetch_optional},
    write::{optimistic::CreateStatements, transaction::find_user},
};
use crate::{
    auth::{UserId, Viewer},
    feed::Feed,
    time::{Clock, Timestamp, Zone},
};

/// How many users' keys are remembered, a few dozen bytes each.
const REMEMBERED_USERS: usize = 100_000;

/// The database.
#[derive(Debug)]
pub struct Store {
    pools: Pools,
    clock: Clock,
    /// How much one user may have.
    quotas: Quotas,
    /// Keeps the ids of one millisecond in the order in which they were made.
    ids: Mutex<ContextV7>,
    /// A user's key never changes.
    users: Cache<UserId, UserNo>,
    create_statements: CreateStatements,
    /// Finds objects by id.
    objects: CachedSql,
    /// All columns of a task.
    task_columns: TaskColumns,
    /// Who must be told of a change.
    feed: Arc<Feed<UserNo, ChangeSeq>>,
}

impl Store {
    /// Connects to `sqlite://…` or `postgres://…` with at most `pool_size` connections.
    ///
    /// # Errors
    /// When the database cannot be reached or the file cannot be made.
    pub async fn connect(
        url: &str,
        pool_size: u32,
        quotas: Quotas,
        clock: Clock,
    ) -> Result<Self, DbErr> {
        let pools = Pools::connect(url, pool_size).await?;
        let feed =
            if pools.shared_url().is_some() { Feed::between_replicas() } else { Feed::default() };
        Ok(Self {
            pools,
            clock,
            quotas,
            ids: Mutex::new(ContextV7::new()),
            users: Cache::new(REMEMBERED_USERS),
            create_statements: CreateStatements::default(),
            objects: CachedSql::default(),
            task_columns: TaskColumns::new(TaskColumn::iter()),
            feed: Arc::new(feed),
        })
    }

    /// Brings the tables up to date, all or nothing; replicas may do it at the same time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn migrate(&self) -> Result<(), DbErr> {
        self.pools.migrate().await
    }

    /// Whether the database answers and its tables are those of this program.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn is_up_to_date(&self) -> Result<bool, DbErr> {
        self.pools.is_behind().await.map(|behind| !behind)
    }

    /// An id for something new (RFC 9562 §5.7): by the injected clock, so it sorts by creation.
    fn new_id(&self, now: Timestamp) -> Uuid {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let (seconds, millis) = (now.millis().div_euclid(1000), now.millis().rem_euclid(1000));
        let nanos = u32::try_from(millis * 1_000_000).unwrap_or_default();
        Uuid::new_v7(uuid::Timestamp::from_unix(
            &*ids,
            u64::try_from(seconds).unwrap_or_default(),
            nanos,
        ))
    }

    /// The viewer's own rows, and nothing else.
    pub fn for_viewer(self: &Arc<Self>, viewer: &Viewer) -> OwnedStore {
        OwnedStore {
            store: Arc::clone(self),
            user_id: viewer.id().clone(),
            zone: AsyncMutex::default(),
        }
    }
}

/// What one user owns, for the length of one request. Another user's rows do not exist here.
#[derive(Debug)]
pub struct OwnedStore {
    store: Arc<Store>,
    user_id: UserId,
    /// The user's zone, once it was read: another replica may change it at any time.
    zone: AsyncMutex<Option<Zone>>,
}

impl OwnedStore {
    /// The user's key; `None` before they first wrote something.
    async fn user_no(&self) -> Result<Option<UserNo>, StoreError> {
        let users = &self.store.users;
        if let Some(user) = users.get(&self.user_id) {
            return Ok(Some(user));
        }
        let user = find_user(&self.store.pools.reader, self.user_id.as_str()).await?;
        let user = user.map(|user| UserNo(user.no));
        if let Some(user) = user {
            users.insert(self.user_id.clone(), user);
        }
        Ok(user)
    }

    /// All columns of a task.
    pub fn task_columns(&self) -> &TaskColumns {
        &self.store.task_columns
    }

    /// The viewer's object of that id.
    async fn object<E: ObjectEntity>(&self, id: E::Id) -> Result<Option<E::Model>, StoreError> {
        let Some(user) = self.user_no().await? else { return Ok(None) };
        let select = E::find_owned(user).filter(E::ID.eq(id));
        Ok(fetch_optional(&self.store.pools.reader, select.into_query()).await?)
    }
}
