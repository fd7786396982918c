//! The one way to a user's rows: every statement that is made here carries the owner.

use std::mem;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DeleteMany, EntityTrait, Insert, InsertMany, Iterable,
    ModelTrait, QueryFilter, Select, UpdateMany, Value,
    sea_query::{Expr, InsertStatement, Query, SelectStatement, UpdateStatement},
};

use super::entity::{revocation, tag, task, task_list, task_tag, tombstone};

/// The key of a user in the database. Only the store can make one, out of a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserNo(pub(super) i64);

impl UserNo {
    /// Nobody's: keys begin at 1.
    pub(super) const NOBODY: Self = Self(0);
}

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

    /// The user's rows, of which only these columns are read.
    fn select_owned(
        user: UserNo,
        columns: impl IntoIterator<Item = Self::Column>,
    ) -> SelectStatement {
        let columns = columns.into_iter().map(|column| column.as_column_ref());
        let owner = Self::OWNER.eq(user.0);
        Query::select().columns(columns).from(Self::default()).and_where(owner).take()
    }

    /// A change of the user's rows.
    fn update_owned(user: UserNo) -> UpdateMany<Self> {
        #[expect(clippy::disallowed_methods, reason = "the owner is filtered right here")]
        Self::update_many().filter(Self::OWNER.eq(user.0))
    }

    /// The same as a statement in which other tables can have a say.
    fn change_owned(user: UserNo) -> UpdateStatement {
        Query::update().table(Self::default()).and_where(Self::OWNER.eq(user.0)).take()
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

    /// A new row of the user's, whatever owner its values name, for each row of that other table.
    fn insert_owned_for(user: UserNo, row: Vec<Value>, each_of: &'static str) -> InsertStatement {
        let owner = mem::discriminant(&Self::OWNER);
        let values = Self::Column::iter().zip(row).map(|(column, value)| {
            Expr::value(if mem::discriminant(&column) == owner { user.0.into() } else { value })
        });
        let rows = Query::select().exprs(values).from(each_of).take();
        let mut insert = Query::insert();
        insert.into_table(Self::default()).columns(Self::Column::iter());
        // It refuses only another number of values than there are columns.
        let _ = insert.select_from(rows);
        insert
    }

    /// New rows of the user's, whatever owner they came with.
    fn insert_many_owned<A>(user: UserNo, rows: impl IntoIterator<Item = A>) -> InsertMany<A>
    where
        A: ActiveModelTrait<Entity = Self>,
    {
        let rows = rows.into_iter().map(|mut row| {
            row.set(Self::OWNER, user.0.into());
            row
        });
        #[expect(clippy::disallowed_methods, reason = "the owner is set right here")]
        Self::insert_many(rows)
    }
}

/// What has to be written to turn one row into another: only the columns that differ, since a
/// database touches the index of each column that is named.
pub fn difference<A>(old: &ModelOf<A>, new: &ModelOf<A>) -> A
where
    A: ActiveModelTrait,
    ModelOf<A>: ModelTrait<Entity = A::Entity>,
{
    let mut change = <A as ActiveModelTrait>::default();
    for column in <A::Entity as EntityTrait>::Column::iter() {
        if old.get(column) != new.get(column) {
            change.set(column, new.get(column));
        }
    }
    change
}

type ModelOf<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Model;

macro_rules! owned {
    ($($table:ident by $id:ident),*) => {$(
        impl Owned for $table::Entity {
            const OWNER: $table::Column = $table::Column::UserNo;
            const ID: $table::Column = $table::Column::$id;
        }
    )*};
}

owned!(task by Id, tag by Id, task_list by Id, task_tag by TaskId, tombstone by Id, revocation by No);
