//! The one door through which anything is written.

use std::{ops::Deref, sync::Arc};

use chrono::TimeDelta;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait,
    ExprTrait, FromQueryResult, IntoActiveModel, Iterable, ModelTrait, QueryFilter, QueryTrait,
    SqliteTransactionMode, TransactionOptions, TransactionTrait, UpdateMany,
    sea_query::{CommonTableExpression, Expr, OnConflict, Query, UpdateStatement, WithClause},
};
use uuid::Uuid;

use crate::{
    store::{
        OwnedStore, Store, UserNo,
        entity::{tombstone, user},
        error::{Input, StoreError},
        object::{ID, ObjectCounts, ObjectEntity, ObjectKind, Stamp},
        owned::{Owned, difference},
        sql::dialect::{Dialect, fetch_optional},
    },
    time::{Timestamp, Zone},
};

/// How long the id of what was deleted for good is not taken again.
pub const TOMBSTONE_LIFE: TimeDelta = TimeDelta::days(30);

/// How many rows or ids a statement carries at the most: databases number their parameters in 15 or
/// 16 bits.
pub const AT_ONCE: usize = 5_000;

/// A transaction that holds the user's row, and with it the next number of the user's counter.
///
/// All writes of one user wait for each other here, so what is read inside stays true until the
/// end, and a number is only ever seen after all smaller ones. Dropped, it changes nothing.
///
/// What is done inside first looks at everything that it could be refused for and only then writes,
/// so that a refusal leaves nothing half done.
#[must_use = "nothing is written before `commit`"]
pub struct WriteTransaction {
    pub transaction: Dialect<DatabaseTransaction>,
    pub context: WriteContext,
    /// How much the user has, and had before.
    owned: ObjectCounts,
    owned_before: ObjectCounts,
    store: Arc<Store>,
}

/// Who changes something, when, and as which of their changes.
#[derive(Clone, Copy, Debug)]
pub struct WriteContext {
    pub user: UserNo,
    /// The number that this change stamps on each row it touches.
    pub number: i64,
    /// Where the user's days begin and end.
    pub zone: Zone,
    pub now: Timestamp,
}

impl Deref for WriteTransaction {
    type Target = WriteContext;

    fn deref(&self) -> &WriteContext {
        &self.context
    }
}

/// A change that was made, if only of the counter.
#[derive(Clone, Copy, Debug)]
pub struct Committed<T> {
    /// What it came to.
    pub outcome: T,
    /// Whose it was.
    pub user: UserNo,
    /// Its number on the user's counter.
    pub number: i64,
}

impl<T> Committed<T> {
    /// The same, where that can fail.
    pub fn try_map<U, E>(self, outcome: impl FnOnce(T) -> Result<U, E>) -> Result<Committed<U>, E> {
        Ok(Committed { outcome: outcome(self.outcome)?, user: self.user, number: self.number })
    }

    /// The same change, whose outcome is seen as something else.
    pub fn map<U>(self, outcome: impl FnOnce(T) -> U) -> Committed<U> {
        Committed { outcome: outcome(self.outcome), user: self.user, number: self.number }
    }
}

impl Store {
    /// Tells whoever follows the user of a change that is there to stay.
    pub fn done<T>(&self, user: UserNo, number: i64, outcome: T) -> Committed<T> {
        self.feed.publish(user.0, number);
        Committed { outcome, user, number }
    }
}

impl OwnedStore {
    /// Whether one statement can be a whole change: SQLite changes nothing in a WITH, and has no way
    /// there to save.
    pub fn changes_in_one_statement(&self) -> bool {
        self.store.pools.writer.get_database_backend() == DbBackend::Postgres
    }

    /// Opens the door for one change.
    pub async fn write(&self) -> Result<WriteTransaction, StoreError> {
        let write = WriteTransaction::begin(&self.store, self.user_id.as_str()).await?;
        *self.zone.lock().await = Some(write.zone);
        Ok(write)
    }
}

impl WriteTransaction {
    /// Opens the door to the rows of that `sub`.
    pub async fn begin(store: &Arc<Store>, sub: &str) -> Result<Self, StoreError> {
        // On SQLite a transaction that reads first and writes later may find its place taken.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = store.pools.writer.0.inner().begin_with_options(options).await?;
        let transaction = Dialect(transaction);
        let user = next_sequence(&transaction, sub).await?;
        let owned = ObjectCounts::of(&user);
        let context = WriteContext {
            user: UserNo(user.no),
            number: user.counter,
            zone: user.zone(),
            now: store.clock.now(),
        };
        Ok(Self { transaction, context, owned, owned_before: owned, store: Arc::clone(store) })
    }

    /// Makes the change last, tells whoever follows the user, and gives back what it came to.
    pub async fn commit<T>(self, outcome: T) -> Result<Committed<T>, StoreError> {
        if self.owned != self.owned_before {
            let mut update = Query::update();
            update.table(user::Entity).and_where(user::Column::No.eq(self.user.0));
            update.values(
                ObjectKind::iter().map(|kind| (kind.counter(), self.owned.get(kind).into())),
            );
            self.transaction.execute(&update).await?;
        }
        let Self { transaction, context, store, .. } = self;
        let committed = transaction.0.commit().await;
        // Also where the answer was lost: it may have been done all the same.
        let done = store.done(context.user, context.number, outcome);
        committed?;
        Ok(done)
    }

    /// The user's object of that id.
    pub async fn find<E: ObjectEntity>(&self, id: Uuid) -> Result<Option<E::Model>, StoreError> {
        let select = E::find_owned(self.user).filter(E::ID.eq(id));
        Ok(fetch_optional(&self.transaction, select.into_query()).await?)
    }

    /// The user's object of that id, which that input has named.
    pub async fn get<E: ObjectEntity>(
        &self,
        id: Uuid,
        named: Input,
    ) -> Result<E::Model, StoreError> {
        self.find::<E>(id).await?.ok_or(StoreError::NotFound(named))
    }

    /// The object that a deletion for good is about, at the version that its client believes.
    pub async fn get_at<E: ObjectEntity>(
        &self,
        id: Uuid,
        expected_version: Option<i32>,
    ) -> Result<E::Model, StoreError> {
        let row = self.get::<E>(id, Input::Id).await?;
        expect_version::<E>(&row, expected_version)?;
        Ok(row)
    }

    /// What was made earlier with the id that a client has made; refused is an id that belongs to
    /// something else, or did so until not long ago.
    pub async fn find_existing<E: ObjectEntity>(
        &self,
        id: Option<Uuid>,
    ) -> Result<Option<E::Model>, StoreError> {
        let Some(id) = id else { return Ok(None) };
        let existing = self.find::<E>(id).await?;
        if existing.is_none() && self.is_taken(id).await? {
            return Err(StoreError::IdTaken);
        }
        Ok(existing)
    }

    async fn is_taken(&self, id: Uuid) -> Result<bool, StoreError> {
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

    /// The client's id, or a new one.
    pub fn id_or_new(&self, id: Option<Uuid>) -> Uuid {
        id.unwrap_or_else(|| self.store.new_id(self.now))
    }

    /// Refuses one more of a kind of which the user has as many as the server allows.
    pub fn check_quota<E: ObjectEntity>(&self) -> Result<(), StoreError> {
        let most = self.store.quotas.get(E::KIND);
        if self.owned.get(E::KIND) < most { Ok(()) } else { Err(StoreError::Full(E::KIND, most)) }
    }

    /// Writes a new row.
    pub async fn insert<E: ObjectEntity>(&mut self, row: E::Model) -> Result<E::Model, StoreError> {
        E::insert_owned::<E::ActiveModel>(self.user, row.clone().into_active_model())
            .exec_without_returning(&self.transaction)
            .await?;
        self.owned.add(E::KIND, 1);
        Ok(row)
    }

    /// Writes the next version of a row, unless it is the same.
    pub async fn update_if_changed<E: ObjectEntity>(
        &self,
        old: E::Model,
        new: E::Model,
        expected_version: Option<i32>,
    ) -> Result<E::Model, StoreError> {
        if new == old {
            return Ok(old);
        }
        expect_version::<E>(&old, expected_version)?;
        self.write_next_version::<E>(old, new).await
    }

    /// Writes the next version of a row, also where what changed does not lie in it.
    pub async fn write_next_version<E: ObjectEntity>(
        &self,
        old: E::Model,
        mut new: E::Model,
    ) -> Result<E::Model, StoreError> {
        let Stamp { version, updated_at, number } = E::stamp(&mut new);
        (*version, *updated_at, *number) = (*version + 1, self.now, self.number);
        E::update_owned(self.user)
            .set(difference::<E::ActiveModel>(&old, &new))
            .filter(E::ID.eq(old.get(E::ID)))
            .exec(&self.transaction)
            .await?;
        Ok(new)
    }

    /// A change that gives all rows that it is narrowed to their next version.
    pub fn write_next_versions<E: ObjectEntity>(&self) -> UpdateMany<E> {
        E::update_owned(self.user)
            .col_expr(E::VERSION, Expr::col(E::VERSION).add(1))
            .col_expr(E::UPDATED_AT, Expr::value(self.now))
            .col_expr(E::NUMBER, Expr::value(self.number))
    }

    /// Deletes rows for good, and remembers their ids for a while. A task comes after those under it.
    pub async fn delete_permanently<E: ObjectEntity>(
        &mut self,
        ids: &[Uuid],
    ) -> Result<(), StoreError> {
        use tombstone::Column;
        let again = OnConflict::columns([Column::UserNo, Column::Id])
            .update_columns([Column::Kind, Column::Number, Column::At])
            .to_owned();
        for ids in ids.chunks(AT_ONCE) {
            let gone = E::delete_owned(self.user).filter(E::ID.is_in(ids.iter().copied()));
            let gone = gone.exec(&self.transaction).await?.rows_affected;
            self.owned.add(E::KIND, -i64::try_from(gone).unwrap_or_default());
            let tombstones = ids.iter().map(|id| tombstone::ActiveModel {
                id: Set(*id),
                kind: Set(E::KIND),
                number: Set(self.number),
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
}

/// Refuses a change of an object that is at another version than its client believes.
pub fn expect_version<E: ObjectEntity>(
    row: &E::Model,
    expected: Option<i32>,
) -> Result<(), StoreError> {
    let present = *E::stamp(&mut row.clone()).version;
    match expected {
        Some(version) if version != present => Err(StoreError::VersionConflict(present)),
        _ => Ok(()),
    }
}

/// By how much counters and versions grow.
pub const ONE: i32 = 1;

/// ObjectCounts a user's counter one further, which locks their row.
pub fn increment_counter() -> UpdateStatement {
    let next = Expr::col(user::Column::Counter).add(ONE);
    Query::update().table(user::Entity).value(user::Column::Counter, next).take()
}

/// The same as a part of another statement, which sees it as the table [`COUNTER`].
pub fn with_counter(count: UpdateStatement) -> WithClause {
    let mut counted = CommonTableExpression::new();
    counted.table_name(COUNTER).query(count);
    let mut clause = WithClause::new();
    clause.cte(counted);
    clause
}

/// What was counted in the same statement.
pub const COUNTER: &str = "counter";

/// Locks the user's row and counts one further, making the row for somebody new.
async fn next_sequence(
    transaction: &impl ConnectionTrait,
    sub: &str,
) -> Result<user::Model, StoreError> {
    // The update comes first, since an upsert uses up a `no` each time.
    let mut update = increment_counter();
    update
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
    Ok(fetch_optional(connection, find.into_query()).await?)
}
