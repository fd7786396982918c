//! The log of a user's changes: which objects have changed since some place in it.
//!
//! The rows themselves are the log. Each carries the number of its last change on the user's counter,
//! which is taken under the user's row, so no number shows up after a larger one has been seen; what
//! was deleted for good has a tombstone, for 30 days. Several changes of one object are the last one.

use sea_orm::{
    ConnectionTrait, DbErr, IdenStatic, Iterable, QueryResult, QuerySelect, QueryTrait, Value,
    sea_query::{Asterisk, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    feed,
    store::{
        OwnedStore, UserNo,
        entity::{tombstone, user},
        error::StoreError,
        object::{ENTRY, ID, KIND, ObjectColumns, ObjectKind, ObjectPart, join_objects},
        owned::Owned,
        sql::cached_sql::{Parameters, Sample},
        sync::change_seq::ChangeSeq,
    },
};

/// A subscription to the changes of a user.
pub type Subscriber = feed::Subscriber<UserNo, ChangeSeq>;

/// A place in a user's log, behind some of the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncCursor {
    /// The last change before it.
    #[serde(rename = "number")]
    change_seq: ChangeSeq,
    /// Of a change of more objects than a page holds: the last one before it. Otherwise the change
    /// is complete.
    #[serde(default = "Uuid::max", skip_serializing_if = "Uuid::is_max")]
    id: Uuid,
    /// Deletions up to this number need not be told, since whoever reads has begun after them and
    /// never saw what they deleted.
    #[serde(rename = "began", default = "zero", skip_serializing_if = "is_zero")]
    snapshot_seq: ChangeSeq,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
fn is_zero(change_seq: &ChangeSeq) -> bool {
    *change_seq == ChangeSeq::ZERO
}

fn zero() -> ChangeSeq {
    ChangeSeq::ZERO
}

impl SyncCursor {
    /// The beginning, for somebody who has nothing yet.
    const START: Self =
        Self { change_seq: ChangeSeq::ZERO, id: Uuid::max(), snapshot_seq: ChangeSeq::MAX };

    /// The place right behind that change.
    pub fn behind(change_seq: ChangeSeq) -> Self {
        Self { change_seq, id: Uuid::max(), snapshot_seq: ChangeSeq::ZERO }
    }

    /// The same place with less to say: a beginning that lies behind it means nothing any more.
    fn begun_at(self, snapshot_seq: ChangeSeq) -> Self {
        let is_ahead = snapshot_seq > self.change_seq;
        Self { snapshot_seq: if is_ahead { snapshot_seq } else { ChangeSeq::ZERO }, ..self }
    }

    /// The last deletion before those that have to be told.
    fn of_deletions(&self) -> (ChangeSeq, Uuid) {
        std::cmp::max((self.change_seq, self.id), (self.snapshot_seq, Uuid::max()))
    }

    /// Whether the tombstone of one of those was purged.
    fn is_purged(&self, purged_through_seq: ChangeSeq) -> bool {
        (purged_through_seq, Uuid::max()) > self.of_deletions()
    }
}

/// One object that has changed.
#[derive(Debug)]
pub struct Change {
    /// Its last change.
    pub seq: ChangeSeq,
    /// Which object.
    pub id: Uuid,
    /// Its type.
    pub kind: ObjectKind,
    /// The object as it is now; none after it was deleted permanently.
    pub object: Option<ObjectPart>,
}

/// A part of the log.
#[derive(Debug)]
pub struct ChangePage {
    /// What has changed, the oldest first.
    pub changes: Vec<Change>,
    /// Where to read on.
    pub place: SyncCursor,
    /// Whether there is more already.
    pub has_more: bool,
    /// Whether the log could not be read from where it should have been, so that this page is the
    /// first of all there is.
    pub reset: bool,
}

/// How far the log goes.
struct LogBounds {
    counter: ChangeSeq,
    purged_through_seq: ChangeSeq,
}

impl OwnedStore {
    /// What has changed behind that place, or all there is: at most so many objects, and these columns of
    /// them. What one change has done to several is not split, as long as it fits into a page.
    pub async fn changes(
        &self,
        since: Option<SyncCursor>,
        most: usize,
        columns: &ObjectColumns,
    ) -> Result<ChangePage, StoreError> {
        let user = self.user_no().await?.unwrap_or(UserNo::NOBODY);
        let place = since.unwrap_or(SyncCursor::START);
        let (bounds, changes) = self.read_log(user, place, most, columns).await?;
        let is_ahead = place.change_seq > bounds.counter;
        if since.is_some() && (is_ahead || place.is_purged(bounds.purged_through_seq)) {
            let (bounds, changes) = self.read_log(user, SyncCursor::START, most, columns).await?;
            let page = ChangePage::of(changes, SyncCursor::START, &bounds, most);
            return Ok(ChangePage { reset: true, ..page });
        }
        Ok(ChangePage::of(changes, place, &bounds, most))
    }

    /// The place behind all that has changed so far.
    pub async fn end_of_log(&self) -> Result<SyncCursor, StoreError> {
        let user = self.user_no().await?.unwrap_or(UserNo::NOBODY);
        let nothing = SyncCursor::behind(ChangeSeq::MAX);
        let (bounds, _) = self.read_log(user, nothing, 0, self.object_columns()).await?;
        Ok(SyncCursor::behind(bounds.counter))
    }

    /// Follows the user from now on: what is read of the log after this call is followed without a
    /// gap.
    pub async fn subscribe(&self) -> Result<Subscriber, StoreError> {
        let user = match self.user_no().await? {
            Some(user) => user,
            // Somebody who has nothing yet is only known by a row of their own.
            None => self.write().await?.commit(()).await?.user,
        };
        Ok(self.store.feed.subscribe(user))
    }

    /// One statement sees all tables, and the counter, at one time.
    async fn read_log(
        &self,
        user: UserNo,
        place: SyncCursor,
        most: usize,
        columns: &ObjectColumns,
    ) -> Result<(LogBounds, Vec<Change>), StoreError> {
        let reader = self.reader();
        let part = LogPart {
            user,
            behind: (place.change_seq, place.id),
            gone_behind: place.of_deletions(),
            limit: u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1),
        };
        let statement = columns.log.with(reader.get_database_backend(), columns, part, log);
        let rows = reader.query_all_raw(statement).await?;
        let bounds = match rows.first() {
            Some(row) => LogBounds {
                counter: row.try_get("", user::Column::Counter.as_str())?,
                purged_through_seq: row.try_get("", user::Column::PurgedThroughSeq.as_str())?,
            },
            None => LogBounds { counter: ChangeSeq::ZERO, purged_through_seq: ChangeSeq::ZERO },
        };
        let changes = rows.into_iter().map(|row| Change::read(row, columns));
        Ok((bounds, changes.filter_map(Result::transpose).collect::<Result<_, _>>()?))
    }
}

impl ChangePage {
    /// A page of nothing, behind which to read on.
    pub fn empty(place: SyncCursor) -> Self {
        Self { changes: Vec::new(), place, has_more: false, reset: false }
    }

    /// The page of these changes, which were read with one more than it may show.
    fn of(mut changes: Vec<Change>, from: SyncCursor, bounds: &LogBounds, most: usize) -> Self {
        let snapshot_seq = std::cmp::min(from.snapshot_seq, bounds.counter);
        let has_more = changes.len() > most;
        let mut place = SyncCursor::behind(bounds.counter);
        if has_more {
            let cut = changes[most].seq;
            changes.truncate(most);
            let whole = changes.partition_point(|change| change.seq < cut);
            place = match whole {
                // It is longer than any page.
                0 => changes.last().map_or(from, |last| SyncCursor {
                    change_seq: cut,
                    id: last.id,
                    snapshot_seq,
                }),
                _ => SyncCursor::behind(changes[whole - 1].seq),
            };
            if whole > 0 {
                changes.truncate(whole);
            }
        }
        Self { changes, place: place.begun_at(snapshot_seq), has_more, reset: false }
    }
}

/// More columns of an [`ENTRY`]: the change, and whether it is a tombstone.
const CHANGE_SEQ: &str = "number";
const GONE: &str = "gone";
/// How many columns a line of the log has before those of the objects.
const BEHIND: usize = 6;

/// Which entries are read.
struct LogPart {
    user: UserNo,
    /// The last entry before them.
    behind: (ChangeSeq, Uuid),
    /// The same for those of deletions.
    gone_behind: (ChangeSeq, Uuid),
    limit: u64,
}

impl Parameters for LogPart {
    type Values = [Value; 6];

    fn sample(&self, sample: &mut Sample) -> Self {
        let mut place = || (ChangeSeq(sample.number()), sample.id());
        let (behind, gone_behind) = (place(), place());
        let user = UserNo(sample.number());
        Self { user, behind, gone_behind, limit: sample.number().unsigned_abs() }
    }

    fn values(self) -> [Value; 6] {
        let Self { user, behind, gone_behind, limit } = self;
        let (seq, id, gone_seq, gone_id) = (behind.0, behind.1, gone_behind.0, gone_behind.1);
        [user.0.into(), seq.into(), id.into(), gone_seq.into(), gone_id.into(), limit.into()]
    }
}

/// Those entries, the oldest first, each with its row; one line at least, which tells the bounds of the log.
fn log(columns: &ObjectColumns, part: LogPart) -> SelectStatement {
    let user = part.user;
    let mut select = Query::select();
    select
        .from(user::Entity)
        .and_where(Expr::col((user::Entity, user::Column::No)).eq(user.0))
        .columns(
            [user::Column::Counter, user::Column::PurgedThroughSeq].map(|it| (user::Entity, it)),
        )
        .columns([CHANGE_SEQ, ID, KIND, GONE].map(|column| (ENTRY, column)))
        .join_subquery(JoinType::LeftJoin, entries(part), ENTRY, Expr::cust("TRUE"))
        .order_by((ENTRY, CHANGE_SEQ), Order::Asc)
        .order_by((ENTRY, ID), Order::Asc);
    join_objects(&mut select, user, columns);
    select
}

/// The first of those entries, of all tables.
fn entries(LogPart { user, behind, gone_behind, limit }: LogPart) -> SelectStatement {
    let gone = tombstone::Entity::find_owned(user)
        .select_only()
        .column(tombstone::Column::Kind)
        .into_query();
    let first = |mut entries: SelectStatement, is_gone: bool| {
        let (change_seq, id) = if is_gone { gone_behind } else { behind };
        let behind = Expr::tuple([Expr::col(CHANGE_SEQ), Expr::col(ID)])
            .gt(Expr::tuple([Expr::value(change_seq), Expr::value(id)]));
        entries
            .columns([CHANGE_SEQ, ID])
            .expr_as(Expr::value(is_gone), GONE)
            .and_where(behind)
            .order_by(CHANGE_SEQ, Order::Asc)
            .order_by(ID, Order::Asc)
            .limit(limit);
        // SQLite takes an order of a part only where that is a table by itself.
        Query::select().column(Asterisk).from_subquery(entries, "part").take()
    };
    let mut entries = first(gone, true);
    entries
        .unions(ObjectKind::iter().map(|kind| (UnionType::All, first(kind.entries(user), false))))
        .order_by(CHANGE_SEQ, Order::Asc)
        .order_by(ID, Order::Asc)
        .limit(limit);
    entries
}

impl Change {
    /// The entry that a line of the log tells, if it tells one.
    fn read(row: QueryResult, columns: &ObjectColumns) -> Result<Option<Self>, DbErr> {
        let Some(seq) = row.try_get("", CHANGE_SEQ)? else { return Ok(None) };
        let (id, kind): (_, ObjectKind) = (row.try_get("", ID)?, row.try_get("", KIND)?);
        let is_gone: bool = row.try_get("", GONE)?;
        let object = (!is_gone).then(|| kind.part(row, columns, BEHIND));
        Ok(Some(Self { seq, id, kind, object }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_stay_valid_from_release_to_release() {
        let id = Uuid::from_u128(7);
        let (change_seq, snapshot_seq) = (ChangeSeq(5), ChangeSeq(9));
        for (cursor, pinned) in [
            (SyncCursor::behind(change_seq), r#"{"number":5}"#),
            (
                SyncCursor { change_seq, id, snapshot_seq },
                r#"{"number":5,"id":"00000000-0000-0000-0000-000000000007","began":9}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&cursor).unwrap(), pinned);
            assert_eq!(serde_json::from_str::<SyncCursor>(pinned).unwrap(), cursor);
        }
    }
}
