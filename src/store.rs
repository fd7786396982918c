//! The only door to the tables.
//!
//! Entities and pools are private. [`Store::for_viewer`] opens the door for the one whom the
//! authenticator has verified, and everything behind it filters by that user, in SQL.

mod batch_loader;
mod budget;
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
mod turns;
mod user;
mod write;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub use migration::Schema;
use quick_cache::sync::Cache;
pub(crate) use sea_orm::Value;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr};
use tokio::sync::Mutex as AsyncMutex;
use uuid::{ContextV7, Uuid};

#[cfg(test)]
pub(crate) use self::sql::projection::ColumnKind;
pub(crate) use self::{
    batch_loader::Parents,
    budget::{Budget, TooLarge, TooManyComparisons},
    entity::{
        id::{ListId, TaskId},
        tag::Entity as TagEntity,
        task::{Column as TaskColumn, Entity as TaskEntity, Priority},
        task_list::Entity as ListEntity,
    },
    error::{Input, StoreError},
    list::{
        filter::{Comparison, TaskFilter, TaskPredicate, Trash},
        keyset::{Direction, KeysetCursor, Side, Window},
        page::{Edge, Page},
        seal::CursorSeal,
        text::Search,
    },
    object::{Object, ObjectColumns, ObjectEntity, ObjectKind, ObjectOf, ObjectPart},
    owned::{Owned, UserNo},
    sql::{
        files::lock,
        projection::{ColumnOf, ColumnValue, PartialRow, Projection, Row},
    },
    sync::{
        change_seq::ChangeSeq,
        log::{Change, ChangePage, Subscriber, SyncCursor},
    },
    tag::{MOST_TAGS, NewTag, TagColumns, TagPage, TagPart, TagPatch, TagRow},
    task::{Due, TaskColumns, TaskOrder, TaskOrderField, TaskPage, TaskPart, TaskRow},
    task_list::{ListColumns, ListPage, ListPart, ListPatch, ListRow, NewList},
    turns::{Messages, Undelivered},
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
use self::{
    list::seal::CursorKey,
    sql::{
        cached_sql::ShapedSql,
        connect::Pools,
        dialect::Dialect,
        pool::{BudgetedPool, ScopedPool},
        row_security::RowScope,
    },
    turns::{Turns, UserTurns},
    write::{optimistic::CreateStatements, quota::Counted, transaction::find_user},
};
pub use self::{object::Holdings as Quotas, system::SystemStore};
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
    /// When users' bytes were last counted.
    counted: Cache<UserNo, Counted>,
    cursor_key: CursorKey,
    create_statements: CreateStatements,
    list_statements: ShapedSql,
    /// All columns of each table of objects.
    task_columns: TaskColumns,
    tag_columns: TagColumns,
    list_columns: ListColumns,
    object_columns: ObjectColumns,
    /// Who reads and writes at present.
    turns: Arc<Turns>,
    /// Who must be told of a change.
    feed: Arc<Feed<UserNo, ChangeSeq>>,
}

impl Store {
    /// Connects to `sqlite://…` or `postgres://…` with at most `pool_size` connections, and brings the tables
    /// up to date, all or nothing; replicas may do it at the same time. With `row_security`, PostgreSQL itself
    /// keeps the rows of users apart.
    ///
    /// # Errors
    /// When the database cannot be reached or refuses, or the file cannot be made.
    pub async fn open(
        url: &str,
        pool_size: u32,
        quotas: Quotas,
        clock: Clock,
        row_security: bool,
    ) -> Result<Self, DbErr> {
        let pools = Pools::connect(url, pool_size, row_security).await?;
        pools.migrate().await?;
        let cursor_key = CursorKey::find_or_make(&pools.writer.reaching(RowScope::All)).await?;
        let feed =
            if pools.shared_url().is_some() { Feed::between_replicas() } else { Feed::default() };
        Ok(Self {
            pools,
            clock,
            quotas,
            ids: Mutex::new(ContextV7::new()),
            users: Cache::new(REMEMBERED_USERS),
            counted: Cache::new(REMEMBERED_USERS),
            cursor_key,
            create_statements: CreateStatements::default(),
            list_statements: ShapedSql::default(),
            task_columns: TaskColumns::all(),
            tag_columns: TagColumns::all(),
            list_columns: ListColumns::all(),
            object_columns: ObjectColumns::all(),
            turns: Turns::new(pool_size),
            feed: Arc::new(feed),
        })
    }

    /// Compares the tables with those of this program.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn schema(&self) -> Result<Schema, DbErr> {
        self.pools.schema().await
    }

    /// Whether the database refuses to write at present, as a standby of PostgreSQL does.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn is_read_only(&self) -> Result<bool, DbErr> {
        self.pools.is_read_only().await
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

    /// The viewer's own rows, and nothing else, for a request that has this budget.
    pub fn for_viewer(self: &Arc<Self>, viewer: &Viewer, budget: Budget) -> OwnedStore {
        OwnedStore {
            store: Arc::clone(self),
            budget,
            turns: self.turns.of(viewer.id()),
            messages: OnceLock::new(),
            user_id: viewer.id().clone(),
            zone: AsyncMutex::default(),
        }
    }
}

/// What one user owns, for the length of one request. Another user's rows do not exist here.
#[derive(Debug)]
pub struct OwnedStore {
    store: Arc<Store>,
    budget: Budget,
    turns: Arc<UserTurns>,
    /// Made for subscriptions alone.
    messages: OnceLock<Messages>,
    user_id: UserId,
    /// The user's zone, once it was read: another replica may change it at any time.
    zone: AsyncMutex<Option<Zone>>,
}

impl OwnedStore {
    /// What the request may read and answer.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The messages of the subscription that the request is.
    pub fn messages(&self) -> &Messages {
        self.messages.get_or_init(|| Messages::new(&self.turns))
    }

    /// Reads what is shown, which the budget is charged with. What a change depends on is not shown, and
    /// is read within its transaction.
    fn reader(&self) -> Dialect<BudgetedPool<'_>> {
        let pool = ScopedPool { pool: &self.store.pools.reader, scope: self.scope() };
        Dialect(BudgetedPool { pool, budget: &self.budget, turns: &self.turns })
    }

    /// Writes in a single statement.
    fn writer(&self) -> Dialect<ScopedPool<'_>> {
        self.store.pools.writer.reaching(self.scope())
    }

    fn scope(&self) -> RowScope<'_> {
        RowScope::User(self.user_id.as_str())
    }

    /// The user's key; `None` before they first wrote something.
    async fn user_no(&self) -> Result<Option<UserNo>, StoreError> {
        let users = &self.store.users;
        if let Some(user) = users.get(&self.user_id) {
            return Ok(Some(user));
        }
        let user = find_user(&self.reader(), self.user_id.as_str()).await?;
        let user = user.map(|user| UserNo(user.no));
        if let Some(user) = user {
            users.insert(self.user_id.clone(), user);
        }
        Ok(user)
    }

    /// Seals the user's cursors.
    pub fn cursor_seal(&self) -> CursorSeal {
        CursorSeal::new(&self.store.cursor_key, &self.user_id)
    }

    /// All columns of a task.
    pub fn task_columns(&self) -> &TaskColumns {
        &self.store.task_columns
    }

    /// All columns of a tag.
    pub fn tag_columns(&self) -> &TagColumns {
        &self.store.tag_columns
    }

    /// All columns of a list.
    pub fn list_columns(&self) -> &ListColumns {
        &self.store.list_columns
    }

    /// All columns of objects of any type.
    pub fn object_columns(&self) -> &ObjectColumns {
        &self.store.object_columns
    }

    /// These columns of the viewer's object of that id; of a task also from the trash.
    pub async fn row<E: ObjectEntity>(
        &self,
        id: E::Id,
        columns: &Projection<E>,
    ) -> Result<Option<PartialRow<E>>, StoreError> {
        let Some(user) = self.user_no().await? else { return Ok(None) };
        let reader = self.reader();
        let by_id = &columns.statements.by_id;
        let parameters: (UserNo, Uuid) = (user, id.into());
        let statement = by_id.with(
            reader.get_database_backend(),
            columns,
            parameters,
            |columns, (user, id)| {
                E::select_owned(user, columns.iter()).and_where(E::ID.eq(id)).take()
            },
        );
        let row = reader.query_one_raw(statement).await?;
        Ok(row.map(|row| PartialRow::new(row, columns)))
    }
}
