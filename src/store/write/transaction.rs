//! The transaction of a write: it holds the user's row, and with it the next number of the user's counter.

use std::{ops::Deref, sync::Arc};

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, FromQueryResult, Iterable, QueryFilter,
    QueryTrait,
    sea_query::{CommonTableExpression, Expr, OnConflict, Query, UpdateStatement, WithClause},
};

use crate::{
    store::{
        ChangeSeq, OwnedStore, Store, UserNo,
        entity::user,
        error::StoreError,
        object::{Holdings, ObjectKind},
        sql::{
            dialect::{CountingTransaction, Dialect, fetch_optional},
            row_security::RowScope,
        },
        turns::WriteTurn,
    },
    time::{Timestamp, Zone},
};

/// A transaction that holds the user's row, and with it the next number of the user's counter.
///
/// All writes of one user wait for each other here, so what is read inside stays true until the
/// end, and a number is only ever seen after all smaller ones. Dropped, it changes nothing.
///
/// What is done inside first looks at everything that it could be refused for and only then writes,
/// so that a refusal leaves nothing half done.
#[must_use = "nothing is written before `commit`"]
pub struct WriteTransaction {
    pub transaction: Dialect<CountingTransaction>,
    pub context: WriteContext,
    /// The number of this change on the user's counter, for each row that it touches.
    pub change_seq: ChangeSeq,
    /// How much the user has, and had before.
    pub(super) owned: Holdings,
    owned_before: Holdings,
    /// Whether the user's bytes were counted anew.
    pub(super) is_counted: bool,
    pub(super) store: Arc<Store>,
    /// The user's turn, for a write of a request.
    _turn: Option<WriteTurn>,
}

/// Who changes something, and when.
#[derive(Clone, Copy, Debug)]
pub struct WriteContext {
    pub user: UserNo,
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

/// A change that was committed, if only of the counter.
#[derive(Clone, Copy, Debug)]
pub struct Committed<T> {
    /// What it came to.
    pub outcome: T,
    /// Whose it was.
    pub user: UserNo,
    /// Its number on the user's counter.
    pub change_seq: ChangeSeq,
}

impl Store {
    /// A change that was committed, of which whoever follows the user is notified.
    pub fn committed<T>(&self, user: UserNo, change_seq: ChangeSeq, outcome: T) -> Committed<T> {
        self.feed.publish(user, change_seq);
        Committed { outcome, user, change_seq }
    }
}

impl OwnedStore {
    /// Begins a write of the viewer's, when it is their turn.
    pub async fn write(&self) -> Result<WriteTransaction, StoreError> {
        self.write_in(self.turns.write().await?).await
    }

    /// Begins a write of the viewer's, whose turn it is.
    pub(super) async fn write_in(&self, turn: WriteTurn) -> Result<WriteTransaction, StoreError> {
        let user = self.user_id.as_str();
        let write = WriteTransaction::begin(&self.store, user, Some(turn)).await?;
        *self.zone.lock().await = Some(write.zone);
        Ok(write)
    }
}

impl WriteTransaction {
    /// Begins a write of the user with that `sub`.
    pub async fn begin(
        store: &Arc<Store>,
        sub: &str,
        turn: Option<WriteTurn>,
    ) -> Result<Self, StoreError> {
        let transaction = store.pools.writer.begin(RowScope::User(sub)).await?;
        let user = next_sequence(&transaction, sub).await?;
        let owned = Holdings::of(&user);
        let context =
            WriteContext { user: UserNo(user.no), zone: user.zone(), now: store.clock.now() };
        let (change_seq, store) = (user.counter, Arc::clone(store));
        let owned_before = owned;
        let is_counted = false;
        Ok(Self {
            transaction,
            context,
            change_seq,
            owned,
            owned_before,
            is_counted,
            store,
            _turn: turn,
        })
    }

    /// Commits the change, and notifies whoever follows the user.
    pub async fn commit<T>(self, outcome: T) -> Result<Committed<T>, StoreError> {
        if self.owned != self.owned_before {
            let mut update = Query::update();
            update.table(user::Entity).and_where(user::Column::No.eq(self.user.0));
            update
                .values(ObjectKind::iter().map(|it| (it.counter(), self.owned.get(it).into())))
                .value(user::Column::Bytes, self.owned.bytes);
            self.transaction.execute(&update).await?;
        }
        let Self { transaction, context, change_seq, store, _turn, .. } = self;
        store.pools.check_file()?;
        let committed = transaction.0.commit().await;
        // Also where the answer was lost: it may have been done all the same.
        let done = store.committed(context.user, change_seq, outcome);
        committed?;
        Ok(done)
    }
}

/// By how much counters and versions grow.
pub const ONE: i32 = 1;

/// Increments a user's counter, which locks their row.
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

/// Locks the user's row and increments its counter; creates the row of a new user.
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
        counter: Set(ChangeSeq::FIRST),
        bytes: Set(0),
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
