//! The one way to a user's rows: every statement that is made here carries the owner.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DeleteMany, EntityTrait, Insert, ModelTrait, QueryFilter,
    Select, UpdateMany,
};

use super::entity::{task, tombstone};

/// The key of a user in the database. Only the store can make one, out of a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserNo(pub(super) i64);

/// A table whose rows belong to users.
pub trait Owned: EntityTrait<Model: Send + Sync> {
    /// The column that holds the owner.
    const OWNER: Self::Column;
    /// The column that tells the rows of one owner apart.
    const ID: Self::Column;

    /// The user's rows.
    fn find_owned(user: UserNo) -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "the owner is filtered right here")]
        Self::find().filter(Self::OWNER.eq(user.0))
    }

    /// A change of the user's rows.
    fn update_owned(user: UserNo) -> UpdateMany<Self> {
        #[expect(clippy::disallowed_methods, reason = "the owner is filtered right here")]
        Self::update_many().filter(Self::OWNER.eq(user.0))
    }

    /// A deletion of the user's rows.
    fn delete_owned(user: UserNo) -> DeleteMany<Self> {
        #[expect(clippy::disallowed_methods, reason = "the owner is filtered right here")]
        Self::delete_many().filter(Self::OWNER.eq(user.0))
    }

    /// A new row of the user's, whatever owner it came with.
    fn insert_owned<A>(user: UserNo, row: impl Into<A>) -> Insert<A>
    where
        A: ActiveModelTrait<Entity = Self>,
    {
        let mut row = row.into();
        row.set(Self::OWNER, user.0.into());
        #[expect(clippy::disallowed_methods, reason = "the owner is set right here")]
        Self::insert(row)
    }
}

/// What has to be written to turn one row into another: only the columns that differ, since a
/// database touches the index of each column that is named.
pub fn difference<A>(old: &ModelOf<A>, new: &ModelOf<A>) -> A
where
    A: ActiveModelTrait,
    ModelOf<A>: ModelTrait<Entity = A::Entity>,
{
    use sea_orm::Iterable;
    let mut change = <A as ActiveModelTrait>::default();
    for column in <A::Entity as EntityTrait>::Column::iter() {
        if old.get(column) != new.get(column) {
            change.set(column, new.get(column));
        }
    }
    change
}

type ModelOf<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Model;

impl Owned for task::Entity {
    const OWNER: task::Column = task::Column::UserNo;
    const ID: task::Column = task::Column::Id;
}

impl Owned for tombstone::Entity {
    const OWNER: tombstone::Column = tombstone::Column::UserNo;
    const ID: tombstone::Column = tombstone::Column::Id;
}
