//! Rows of objects within a transaction, of whatever type: find, insert, and write the next version.

use sea_orm::{
    ColumnTrait, IntoActiveModel, Iterable, ModelTrait, QueryFilter, QueryTrait, UpdateMany,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{quota::row_bytes, transaction::WriteTransaction};
use crate::store::{
    error::{Input, StoreError},
    object::{ObjectEntity, Stamp},
    owned::difference,
    sql::dialect::fetch_optional,
};

impl WriteTransaction {
    /// The user's object of that id.
    pub async fn find<E: ObjectEntity>(&self, id: E::Id) -> Result<Option<E::Model>, StoreError> {
        let select = E::find_owned(self.user).filter(E::ID.eq(id));
        Ok(fetch_optional(&self.transaction, select.into_query()).await?)
    }

    /// The user's object of that id, which that input has named.
    pub async fn get<E: ObjectEntity>(
        &self,
        id: E::Id,
        named: Input,
    ) -> Result<E::Model, StoreError> {
        self.find::<E>(id).await?.ok_or(StoreError::NotFound(named))
    }

    /// The object to delete permanently, at the version that its client expects.
    pub async fn get_at<E: ObjectEntity>(
        &self,
        id: E::Id,
        expected_version: Option<i32>,
    ) -> Result<E::Model, StoreError> {
        let row = self.get::<E>(id, Input::Id).await?;
        expect_version::<E>(&row, expected_version)?;
        Ok(row)
    }

    /// The object that was created earlier under this client-supplied id. Fails with
    /// [`StoreError::IdTaken`] if another type uses the id, or a tombstone has it.
    pub async fn find_existing<E: ObjectEntity>(
        &self,
        id: Option<E::Id>,
    ) -> Result<Option<E::Model>, StoreError> {
        let Some(id) = id else { return Ok(None) };
        let existing = self.find::<E>(id).await?;
        if existing.is_none() && self.is_taken(id.into()).await? {
            return Err(StoreError::IdTaken);
        }
        Ok(existing)
    }

    /// The client's id, or a new one.
    pub fn id_or_new<I: From<Uuid>>(&self, id: Option<I>) -> I {
        id.unwrap_or_else(|| self.store.new_id(self.now).into())
    }

    /// Writes a new row, if the user may have as many bytes.
    pub async fn insert<E: ObjectEntity>(&mut self, row: E::Model) -> Result<E::Model, StoreError> {
        self.charge(row_bytes(E::Column::iter().map(|column| row.get(column)))).await?;
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

    /// Writes the next version of a row, also where what changed is not in it.
    pub async fn write_next_version<E: ObjectEntity>(
        &self,
        old: E::Model,
        mut new: E::Model,
    ) -> Result<E::Model, StoreError> {
        let Stamp { version, updated_at, change_seq } = E::stamp(&mut new);
        (*version, *updated_at, *change_seq) = (*version + 1, self.now, self.change_seq);
        E::update_owned(self.user)
            .set(difference::<E::ActiveModel>(&old, &new))
            .filter(E::ID.eq(old.get(E::ID)))
            .exec(&self.transaction)
            .await?;
        Ok(new)
    }

    /// An update that gives each row that its filters keep its next version.
    pub fn write_next_versions<E: ObjectEntity>(&self) -> UpdateMany<E> {
        E::update_owned(self.user)
            .col_expr(E::VERSION, Expr::col(E::VERSION).add(1))
            .col_expr(E::UPDATED_AT, Expr::value(self.now))
            .col_expr(E::CHANGE_SEQ, Expr::value(self.change_seq))
    }
}

/// Refuses a change of an object that is at another version than its client believes.
pub fn expect_version<E: ObjectEntity>(
    row: &E::Model,
    expected: Option<i32>,
) -> Result<(), StoreError> {
    let present = E::version(row);
    if expected.is_none_or(|expected| expected == present) {
        return Ok(());
    }
    Err(StoreError::VersionConflict(present))
}
