//! Quotas: how much one user may have.
//!
//! Objects are counted exactly. So are bytes, in the user's row, but for texts that are replaced without being read, as
//! by an update in a single statement: those are not taken off. So the count is never too small. Where it passes the
//! quota, the rows themselves are counted, and it is exact again. That reads all that the user has, so it is not done
//! again while nothing has changed, nor within a minute.

use std::mem;

use chrono::TimeDelta;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, Iterable, Value,
    sea_query::{Expr, ExprTrait, Func, SelectStatement, SimpleExpr},
};

use super::transaction::WriteTransaction;
use crate::{
    store::{
        ChangeSeq, Store, UserNo,
        entity::{tag, task, task_list, task_tag, tombstone},
        error::StoreError,
        object::{ObjectEntity, ObjectKind},
        owned::Owned,
        sql::projection::ColumnKind,
    },
    time::Timestamp,
};

/// What a row takes besides its texts, roughly, with its entries in indexes.
const ROW_BYTES: i64 = 500;
/// What an entry of the log takes, or the tag of a task.
const ENTRY_BYTES: i64 = 150;
/// How long a user is told that their bytes are used up without another look.
const RECOUNT_INTERVAL: TimeDelta = TimeDelta::minutes(1);
/// What a user has at the least whose bytes were never counted: no quota is as large.
const UNCOUNTED: i64 = 1 << 62;

/// What was counted, for the change that had that number, whether it was committed or not.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    at: Timestamp,
    change_seq: ChangeSeq,
    bytes: i64,
}

/// Which part of the bytes the tombstones may take, before the log begins anew.
const SHARE_OF_TOMBSTONES: i64 = 4;

/// What a row of these values takes.
pub fn row_bytes(values: impl Iterator<Item = Value>) -> i64 {
    values.map(|value| text_bytes(&value)).sum::<i64>() + ROW_BYTES
}

/// What a value takes, if it is a text.
pub fn text_bytes(value: &Value) -> i64 {
    let Value::String(Some(text)) = value else { return 0 };
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

/// The same of all rows of a user.
fn sum_of_rows<E: Owned>(user: UserNo) -> SelectStatement {
    let texts = E::Column::iter().filter(|it| ColumnKind::of(*it) == Some(ColumnKind::Text));
    let length = |text| Expr::from(Func::cust("octet_length").arg(Expr::col(text)));
    let or_nothing = |bytes| SimpleExpr::from(Func::coalesce([bytes, Expr::value(0)]));
    let row = texts.fold(Expr::value(ROW_BYTES), |row, text| row.add(or_nothing(length(text))));
    // PostgreSQL's sum of such numbers is of a type that can be larger.
    let sum = Expr::from(Func::sum(row)).cast_as("BIGINT");
    E::select_owned(user, []).expr(or_nothing(sum)).take()
}

fn sum_of_entries<E: Owned>(user: UserNo) -> SelectStatement {
    E::select_owned(user, []).expr(Expr::cust("COUNT(*)").mul(ENTRY_BYTES)).take()
}

impl Store {
    /// Refuses one more object to a user who has so many of its type, if the server allows no more.
    pub fn check_quota(&self, kind: ObjectKind, present: i64) -> Result<(), StoreError> {
        let most = self.quotas.get(kind);
        if present < most { Ok(()) } else { Err(StoreError::Full(kind, most)) }
    }
}

impl WriteTransaction {
    /// Refuses one more object of a type of which the user has as many as the server allows.
    pub fn check_quota<E: ObjectEntity>(&self) -> Result<(), StoreError> {
        self.store.check_quota(E::KIND, self.owned.get(E::KIND))
    }

    /// Counts bytes that are to be written.
    ///
    /// # Errors
    /// See [`WriteTransaction::check_bytes`].
    pub async fn charge(&mut self, bytes: i64) -> Result<(), StoreError> {
        self.check_bytes(bytes).await?;
        self.owned.bytes += bytes;
        Ok(())
    }

    /// Refuses so many bytes more.
    ///
    /// # Errors
    /// [`StoreError::FullOfBytes`] where the user may not have as many.
    pub async fn check_bytes(&mut self, bytes: i64) -> Result<(), StoreError> {
        let most = self.store.quotas.bytes;
        let is_full = |present: i64| bytes > 0 && present.saturating_add(bytes) > most;
        if is_full(self.owned.bytes) {
            self.recount().await?;
        }
        if is_full(self.owned.bytes) {
            return Err(StoreError::FullOfBytes(most));
        }
        Ok(())
    }

    /// What these rows of the user's take.
    pub async fn bytes_of<E: Owned>(
        &self,
        ids: &[impl Copy + Into<Value>],
    ) -> Result<i64, StoreError> {
        let is_one = E::ID.is_in(ids.iter().copied());
        self.sum(sum_of_rows::<E>(self.user).and_where(is_one).take()).await
    }

    /// Makes the count of bytes exact, once in a transaction.
    async fn recount(&mut self) -> Result<(), StoreError> {
        if mem::replace(&mut self.is_counted, true) {
            return Ok(());
        }
        let last = self.store.counted.get(&self.user);
        if let Some(last) = last {
            if last.change_seq == self.change_seq {
                self.owned.bytes = last.bytes;
                return Ok(());
            }
            if self.owned.bytes < UNCOUNTED && self.now < last.at.after(RECOUNT_INTERVAL) {
                return Ok(());
            }
        }
        let bytes = self.count_bytes().await?;
        self.owned.bytes = bytes;
        let counted = Counted { at: self.now, change_seq: self.change_seq, bytes };
        self.store.counted.insert(self.user, counted);
        Ok(())
    }

    /// Counts entries of the log, or tags of a task, for which nobody is refused.
    pub fn charge_entries(&mut self, entries: usize) {
        let entries = i64::try_from(entries).unwrap_or(i64::MAX);
        self.owned.bytes = self.owned.bytes.saturating_add(ENTRY_BYTES.saturating_mul(entries));
    }

    /// What the user's rows take. Where much of it is the log of deletions, that begins anew.
    async fn count_bytes(&self) -> Result<i64, StoreError> {
        let user = self.user;
        let tombstones = self.sum(sum_of_entries::<tombstone::Entity>(user)).await?;
        let is_long = tombstones > self.store.quotas.bytes / SHARE_OF_TOMBSTONES;
        let mut bytes = if is_long { 0 } else { tombstones };
        if is_long {
            self.forget(Condition::all()).await?;
        }
        for sum in [
            sum_of_rows::<task::Entity>(user),
            sum_of_rows::<tag::Entity>(user),
            sum_of_rows::<task_list::Entity>(user),
            sum_of_entries::<task_tag::Entity>(user),
        ] {
            bytes += self.sum(sum).await?;
        }
        Ok(bytes)
    }

    async fn sum(&self, sum: SelectStatement) -> Result<i64, StoreError> {
        let row = self.transaction.query_one(&sum).await?;
        Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
    }
}
