//! Seals cursors that hold what a user wrote, since cursors stand in URLs and in the logs of others.
//!
//! The key is kept in the database, so a cursor is valid after a restart and at every replica. The same
//! position always gives the same cursor, by which clients compare them: the nonce is constant, which
//! AES-GCM-SIV is made to bear (RFC 8452). It shows no more than whether two cursors of one user are equal.

use std::sync::Arc;

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
    rand,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryTrait,
    sea_query::OnConflict,
};

use crate::{
    auth::UserId,
    store::{
        entity::secret::{ActiveModel, Column, Entity, Model},
        sql::dialect::fetch_optional,
    },
};

/// The name under which the key is kept.
const NAME: &str = "cursors";

/// The key that seals the cursors of all users of a database.
#[derive(Clone, Debug)]
pub struct CursorKey(Arc<LessSafeKey>);

impl CursorKey {
    /// The key of the database, which makes one when it has none. Replicas may do it at the same time: all
    /// get the first one.
    pub async fn find_or_make(writer: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let mut value = vec![0; AES_256_GCM_SIV.key_len()];
        rand::fill(&mut value).map_err(unusable)?;
        let new = ActiveModel { name: Set(NAME.to_owned()), value: Set(value) };
        #[expect(clippy::disallowed_methods, reason = "the key is no user's")]
        let insert = Entity::insert(new).on_conflict(OnConflict::new().do_nothing().to_owned());
        insert.exec_without_returning(writer).await?;
        #[expect(clippy::disallowed_methods, reason = "the key is no user's")]
        let find = Entity::find().filter(Column::Name.eq(NAME)).into_query();
        let missing = || DbErr::RecordNotFound("the key that seals cursors".to_owned());
        let Model { value, .. } = fetch_optional(writer, find).await?.ok_or_else(missing)?;
        let key = UnboundKey::new(&AES_256_GCM_SIV, &value).map_err(unusable)?;
        Ok(Self(Arc::new(LessSafeKey::new(key))))
    }
}

fn unusable(_: Unspecified) -> DbErr {
    DbErr::Custom("there is no usable key to seal cursors".to_owned())
}

/// Seals and opens the cursors of one user; those of another do not open.
#[derive(Clone, Debug)]
pub struct CursorSeal {
    key: CursorKey,
    user: UserId,
}

impl CursorSeal {
    pub fn new(key: &CursorKey, user: &UserId) -> Self {
        Self { key: key.clone(), user: user.clone() }
    }

    /// The sealed cursor. `None` for one that is too long for the cipher: 64 GiB.
    pub fn seal(&self, mut cursor: Vec<u8>) -> Option<Vec<u8>> {
        self.key.0.seal_in_place_append_tag(nonce(), self.aad(), &mut cursor).ok()?;
        Some(cursor)
    }

    /// What was sealed. `None` where it was not sealed with this key, for this user, as it is.
    pub fn open<'c>(&self, sealed: &'c mut [u8]) -> Option<&'c [u8]> {
        let opened = self.key.0.open_in_place(nonce(), self.aad(), sealed).ok()?;
        Some(opened)
    }

    fn aad(&self) -> Aad<&[u8]> {
        Aad::from(self.user.as_str().as_bytes())
    }
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}
