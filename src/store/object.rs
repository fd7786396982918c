//! The types of objects that a user has. `objects!` below is the only list of them: whatever differs
//! by type either comes out of it, or is a `match` that does not compile with one of them missing.

#![warn(clippy::wildcard_enum_match_arm)]

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic, IntoActiveModel, Iterable, QueryResult,
    TryGetable, Value,
    entity::prelude::{DeriveActiveEnum, EnumIter},
    sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement, UnionType},
};
use uuid::Uuid;

use super::{
    OwnedStore, Store,
    entity::{
        id::{ListId, TagId, TaskId},
        tag, task, task_list, user,
    },
    error::StoreError,
    owned::{Owned, UserNo},
    sql::dialect::BATCH_SIZE,
    sql::{
        cached_sql::{CachedSql, IdSet},
        dialect::{Dialect, StatementExecutor},
        projection::{PartialRow, Projection},
    },
    sync::change_seq::ChangeSeq,
};
use crate::time::Timestamp;

/// A table of objects: what clients know by an id and a version.
pub trait ObjectEntity:
    Owned<Model: Clone + PartialEq + IntoActiveModel<<Self as EntityTrait>::ActiveModel>>
{
    /// The type of its rows' ids.
    type Id: Copy + PartialEq + From<Uuid> + Into<Uuid> + Into<Value> + TryGetable + Send + Sync;
    /// The type of its rows.
    const KIND: ObjectKind;
    /// The column that each change increments.
    const VERSION: Self::Column;
    /// The column of the last change's instant.
    const UPDATED_AT: Self::Column;
    /// The column of the last change.
    const CHANGE_SEQ: Self::Column;

    fn version(row: &Self::Model) -> i32;

    /// What each change of a row sets anew.
    fn stamp(row: &mut Self::Model) -> Stamp<'_>;
}

/// What each change of a row sets anew.
pub struct Stamp<'a> {
    pub version: &'a mut i32,
    pub updated_at: &'a mut Timestamp,
    pub change_seq: &'a mut ChangeSeq,
}

macro_rules! objects {
    ($($kind:ident($Id:ident) = $number:tt: $table:ident, $type_name:literal, $count:ident as $Count:ident;)*) => {
        /// The type of an object, also after the object was deleted permanently.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
        #[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
        pub enum ObjectKind {
            $(
                #[doc = concat!("`", $type_name, "`")]
                #[sea_orm(num_value = $number)]
                $kind,
            )*
        }

        /// An object by what is known of it.
        #[derive(Clone, Debug)]
        pub enum ObjectOf<$($kind),*> {
            $(
                #[doc = concat!("`", $type_name, "`")]
                $kind($kind),
            )*
        }

        /// An object as it is in the database.
        pub type Object = ObjectOf<$($table::Model),*>;
        /// Some columns of an object.
        pub type ObjectPart = ObjectOf<$(PartialRow<$table::Entity>),*>;

        /// Which columns of objects are read, by their type.
        #[derive(Clone, Debug)]
        pub struct ObjectColumns {
            $(
                #[doc = concat!("`", $type_name, "`")]
                $table: Projection<$table::Entity>,
            )*
            /// Finds objects by id.
            by_ids: CachedSql,
            /// Reads a part of the log.
            pub log: CachedSql,
        }

        impl ObjectColumns {
            /// These columns of each type.
            pub fn new($($table: Projection<$table::Entity>),*) -> Self {
                Self { $($table,)* by_ids: CachedSql::default(), log: CachedSql::default() }
            }

            /// All columns.
            pub fn all() -> Self {
                Self::new($(Projection::<$table::Entity>::all()),*)
            }

            /// The columns that are joined for each type, one type after the other.
            fn counts(&self) -> [usize; ObjectKind::COUNT] {
                [$(self.$table.iter().len()),*]
            }
        }

        impl ObjectPart {
            /// The object, of which all columns were read.
            pub fn whole(&self) -> Result<Object, StoreError> {
                Ok(match self { $(Self::$kind(part) => Object::$kind(part.whole()?),)* })
            }
        }

        /// How much a user has, or may have: objects of each type, where a task in the trash counts, and bytes,
        /// see [`quota`](super::write::quota).
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Holdings {
            $(
                #[doc = concat!("`", $type_name, "`")]
                pub $count: i64,
            )*
            /// What all of them take together.
            pub bytes: i64,
        }

        $(impl ObjectEntity for $table::Entity {
            type Id = $Id;
            const KIND: ObjectKind = ObjectKind::$kind;
            const VERSION: $table::Column = $table::Column::Version;
            const UPDATED_AT: $table::Column = $table::Column::UpdatedAt;
            const CHANGE_SEQ: $table::Column = $table::Column::ChangeSeq;

            fn version(row: &$table::Model) -> i32 {
                row.version
            }

            fn stamp($table::Model { version, updated_at, change_seq, .. }: &mut $table::Model) -> Stamp<'_> {
                Stamp { version, updated_at, change_seq }
            }
        })*

        $(impl From<$table::Model> for Object {
            fn from(row: $table::Model) -> Self {
                Self::$kind(row)
            }
        }

        /// The row, if the object is of its type.
        impl TryFrom<Object> for $table::Model {
            type Error = Object;

            fn try_from(object: Object) -> Result<Self, Object> {
                if let Object::$kind(row) = object { Ok(row) } else { Err(object) }
            }
        })*

        impl ObjectKind {
            const COUNT: usize = [$(Self::$kind),*].len();

            /// The name of the type in the schema.
            pub fn type_name(self) -> &'static str {
                match self { $(Self::$kind => $type_name,)* }
            }

            /// The column of the user's row that counts them.
            pub fn counter(self) -> user::Column {
                match self { $(Self::$kind => user::Column::$Count,)* }
            }

            /// The [`KIND`] of each object of this type, to which its other columns can be added.
            pub fn entries(self, user: UserNo) -> SelectStatement {
                match self { $(Self::$kind => entries_of::<$table::Entity>(user),)* }
            }

            fn join_rows(self, select: &mut SelectStatement, user: UserNo, columns: &ObjectColumns) {
                match self { $(Self::$kind => join_rows(select, user, &columns.$table),)* }
            }

            /// The object in a row in which [`join_objects`] has joined it behind so many other columns.
            pub fn part(self, row: QueryResult, columns: &ObjectColumns, behind: usize) -> ObjectPart {
                let before = ObjectKind::iter().take_while(|kind| *kind != self);
                let first = behind + before.zip(columns.counts()).map(|(_, count)| count).sum::<usize>();
                match self {
                    $(Self::$kind => {
                        let prefix = concat!(stringify!($table), ".");
                        ObjectPart::$kind(PartialRow::within(row, &columns.$table, first, prefix))
                    })*
                }
            }
        }

        impl Object {
            pub(super) fn id(&self) -> Uuid {
                match self { $(Self::$kind(row) => row.id.into(),)* }
            }
        }

        impl Holdings {
            pub(super) fn of(user: &user::Model) -> Self {
                Self { $($count: user.$count,)* bytes: user.bytes }
            }

            pub(super) fn get(&self, kind: ObjectKind) -> i64 {
                match kind { $(ObjectKind::$kind => self.$count,)* }
            }

            pub(super) fn add(&mut self, kind: ObjectKind, more: i64) {
                match kind { $(ObjectKind::$kind => self.$count += more,)* }
            }
        }
    };
}

// Type (and that of its ids) = number in the database: table, type in the schema, counter in the user's row and its column.
objects! {
    Task(TaskId) = 1: task, "Task", tasks as Tasks;
    Tag(TagId) = 2: tag, "Tag", tags as Tags;
    List(ListId) = 3: task_list, "TaskList", lists as Lists;
}

impl<Task, Tag, List> ObjectOf<Task, Tag, List> {
    /// The task, if it is one.
    pub fn task(&self) -> Option<&Task> {
        if let Self::Task(row) = self { Some(row) } else { None }
    }
}

/// A selection's table of entries, one for each object.
pub const ENTRY: &str = "entry";
/// The columns of an entry.
pub const ID: &str = "id";
pub const KIND: &str = "kind";

fn entries_of<E: ObjectEntity>(user: UserNo) -> SelectStatement {
    Query::select()
        .expr_as(Expr::value(E::KIND), KIND)
        .from(E::default())
        .and_where(E::OWNER.eq(user.0))
        .take()
}

/// Joins to each [`ENTRY`] of a selection these columns of the object that it names.
pub fn join_objects(select: &mut SelectStatement, user: UserNo, columns: &ObjectColumns) {
    for kind in ObjectKind::iter() {
        kind.join_rows(select, user, columns);
    }
}

fn join_rows<E: ObjectEntity>(select: &mut SelectStatement, user: UserNo, columns: &Projection<E>) {
    let table = E::default();
    let is_its = Condition::all()
        .add(Expr::col((table, E::OWNER)).eq(user.0))
        .add(Expr::col((table, E::ID)).equals((ENTRY, ID)))
        .add(Expr::col((ENTRY, KIND)).eq(E::KIND));
    for column in columns.iter() {
        // No name of a table or a column has a point.
        let name = format!("{}.{}", table.table_name(), column.as_str());
        select.expr_as(Expr::col((table, column)), name);
    }
    select.left_join(table, is_its);
}

fn select_objects(columns: &ObjectColumns, user: UserNo, ids: &IdSet) -> SelectStatement {
    let mut entries = ObjectKind::iter()
        .map(|kind| kind.entries(user).column(ID).cond_where(ids.contains(ID)).take());
    let mut all = entries.next().unwrap_or_default();
    all.unions(entries.map(|entries| (UnionType::All, entries)));
    let mut select = Query::select().column((ENTRY, KIND)).from_subquery(all, ENTRY).take();
    join_objects(&mut select, user, columns);
    select
}

impl Store {
    /// The user's objects of these ids, of whatever types: one statement.
    pub(super) async fn find_objects<C: StatementExecutor>(
        &self,
        connection: &Dialect<C>,
        user: UserNo,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Object>, StoreError> {
        let backend = connection.get_database_backend();
        let mut found = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(BATCH_SIZE) {
            let parameters = (user, IdSet::new(ids, backend));
            let columns = &self.object_columns;
            let statement =
                columns.by_ids.with(backend, columns, parameters, |columns, (user, ids)| {
                    select_objects(columns, user, &ids)
                });
            for row in connection.query_all_raw(statement).await? {
                let object = row.try_get::<ObjectKind>("", KIND)?.part(row, columns, 1).whole()?;
                found.insert(object.id(), object);
            }
        }
        Ok(found)
    }
}

impl OwnedStore {
    /// The viewer's objects of these ids; an id of nothing, or of somebody else's object, is left out.
    pub async fn objects(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Object>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let Some(user) = self.user_no().await? else { return Ok(HashMap::new()) };
        self.store.find_objects(&self.reader(), user, ids).await
    }
}
