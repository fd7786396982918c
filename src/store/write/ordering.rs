//! The order that a user gives to tasks and lists: next to which siblings they are.
//!
//! It is decided under the owner's row, so that two devices which put something in the same place at the
//! same time end in one order.

use sea_orm::{
    ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, UpdateMany,
    sea_query::{CaseStatement, Expr, Func},
};

use super::{position, transaction::WriteTransaction};
use crate::store::{
    entity::{
        id::{ListId, TaskId},
        task::{self, Column},
        task_list,
    },
    error::{Input, StoreError},
    object::ObjectEntity,
    owned::Owned,
    task::TaskRow,
};

/// How many rows get new positions by one statement, which the database compares one by one.
const PLACED_AT_ONCE: usize = 500;

/// Next to which sibling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor<I> {
    /// Right before it.
    Before(I),
    /// Right after it.
    After(I),
}

impl<I> Anchor<I> {
    fn sibling(self) -> (I, Input) {
        match self {
            Self::Before(id) => (id, Input::Before),
            Self::After(id) => (id, Input::After),
        }
    }
}

/// A table whose rows stand in an order that the user has given them.
pub trait Ordered: ObjectEntity {
    /// The column that they are sorted by, byte by byte.
    const POSITION: Self::Column;
    /// The columns of an index that ends at the position: those before it are the same for all
    /// siblings, but PostgreSQL only sees that for those that are not null.
    const SORTED: &'static [Self::Column];

    fn id(row: &Self::Model) -> Self::Id;

    fn position(row: &Self::Model) -> &str;

    /// Those who move when siblings are spread anew.
    fn present() -> Condition;
}

impl Ordered for task::Entity {
    const POSITION: Column = Column::Position;
    const SORTED: &'static [Column] = &[Column::ListId, Column::ParentId, Column::Position];

    fn id(row: &TaskRow) -> TaskId {
        row.id
    }

    fn position(row: &TaskRow) -> &str {
        &row.position
    }

    fn present() -> Condition {
        Condition::all().add(Column::DeletedAt.is_null())
    }
}

impl Ordered for task_list::Entity {
    const POSITION: task_list::Column = task_list::Column::Position;
    const SORTED: &'static [task_list::Column] = &[task_list::Column::Position];

    fn id(row: &task_list::Model) -> ListId {
        row.id
    }

    fn position(row: &task_list::Model) -> &str {
        &row.position
    }

    fn present() -> Condition {
        Condition::all()
    }
}

/// The room between two siblings, or beyond one of them.
#[derive(Debug)]
pub struct Gap {
    pub(super) left: Option<String>,
    right: Option<String>,
}

impl Gap {
    /// Whether what stands at that position is in here already.
    fn holds(&self, position: &str) -> bool {
        self.left.as_deref().is_none_or(|left| left < position)
            && self.right.as_deref().is_none_or(|right| position < right)
    }

    /// The room behind the last one.
    pub fn behind(last: Option<String>) -> Self {
        Self { left: last, right: None }
    }

    /// A position in here.
    fn middle(&self) -> String {
        position::between(self.left.as_deref(), self.right.as_deref())
    }

    /// A position in here, unless it would be too long.
    pub fn short_middle(&self) -> Option<String> {
        Some(self.middle()).filter(|position| position.len() <= position::MOST)
    }
}

impl WriteTransaction {
    /// Refuses a sibling that does not exist (for `stands_here`: `None`), or stands somewhere else.
    pub async fn check_sibling<E: Ordered>(
        &self,
        anchor: Option<Anchor<E::Id>>,
        stands_here: impl FnOnce(&E::Model) -> Option<bool>,
    ) -> Result<(), StoreError> {
        let Some(anchor) = anchor else { return Ok(()) };
        let (id, input) = anchor.sibling();
        match stands_here(&self.get::<E>(id, input).await?) {
            Some(true) => Ok(()),
            Some(false) => Err(StoreError::NotASibling(input)),
            None => Err(StoreError::NotFound(input)),
        }
    }

    /// Whether a row is there already, whatever is in the trash next to it.
    pub async fn is_at<E: Ordered>(
        &self,
        row: &E::Model,
        siblings: &Condition,
        anchor: Option<Anchor<E::Id>>,
    ) -> Result<bool, StoreError> {
        let present = siblings.clone().add(E::present());
        let gap = self.gap::<E>(&present, Some(E::id(row)), anchor).await?;
        Ok(gap.holds(E::position(row)))
    }

    /// The gap among siblings into which a row is to go; one that moves counts as not there yet.
    pub(super) async fn gap<E: Ordered>(
        &self,
        siblings: &Condition,
        moving: Option<E::Id>,
        anchor: Option<Anchor<E::Id>>,
    ) -> Result<Gap, StoreError> {
        let others = || {
            let others = E::find_owned(self.user).filter(siblings.clone());
            let others = others.filter(Condition::all().add_option(moving.map(|id| E::ID.ne(id))));
            others.select_only().column(E::POSITION)
        };
        let last =
            |others| E::SORTED.iter().fold(others, |it, key| QueryOrder::order_by_desc(it, *key));
        let first =
            |others| E::SORTED.iter().fold(others, |it, key| QueryOrder::order_by_asc(it, *key));
        let Some(anchor) = anchor else {
            return Ok(Gap::behind(self.first_position(last(others())).await?));
        };
        let (id, input) = anchor.sibling();
        let sibling = self.get::<E>(id, input).await?;
        let at = E::position(&sibling);
        let next = match anchor {
            Anchor::Before(_) => last(others().filter(E::POSITION.lt(at))),
            Anchor::After(_) => first(others().filter(E::POSITION.gt(at))),
        };
        let next = self.first_position(next).await?;
        let at = Some(at.to_owned());
        Ok(match anchor {
            Anchor::Before(_) => Gap { left: next, right: at },
            Anchor::After(_) => Gap { left: at, right: next },
        })
    }

    async fn first_position<E: Ordered>(
        &self,
        of: Select<E>,
    ) -> Result<Option<String>, StoreError> {
        let row = self.transaction.fetch_limited(&of.into_query(), 1).await?.pop();
        Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
    }

    /// The position for what goes there. Where the keys around it have become too long, the siblings
    /// are spread anew first.
    pub async fn assign_position<E: Ordered>(
        &self,
        siblings: &Condition,
        moving: Option<E::Id>,
        anchor: Option<Anchor<E::Id>>,
    ) -> Result<String, StoreError> {
        if let Some(position) = self.gap::<E>(siblings, moving, anchor).await?.short_middle() {
            return Ok(position);
        }
        self.rebalance::<E>(siblings, moving).await?;
        Ok(self.gap::<E>(siblings, moving, anchor).await?.middle())
    }

    /// Gives siblings short positions in the same order, behind all that there are: those in the
    /// trash keep theirs, and no two are ever the same.
    async fn rebalance<E: Ordered>(
        &self,
        siblings: &Condition,
        moving: Option<E::Id>,
    ) -> Result<(), StoreError> {
        let others = Condition::all().add_option(moving.map(|id| E::ID.ne(id)));
        let present = siblings.clone().add(E::present()).add(others);
        let end = self.gap::<E>(siblings, None, None).await?;
        self.reposition::<E>(&present, end, |row| row).await
    }

    /// Gives rows short positions at an end, in the order that they have, and what else they get.
    pub(super) async fn reposition<E: Ordered>(
        &self,
        rows: &Condition,
        end: Gap,
        with: impl Fn(UpdateMany<E>) -> UpdateMany<E>,
    ) -> Result<(), StoreError> {
        let ids = E::find_owned(self.user).filter(rows.clone()).order_by_asc(E::POSITION);
        let ids = ids.select_only().column(E::ID).into_tuple::<E::Id>();
        let ids = ids.all(&self.transaction).await?;
        let behind = |key: &String| Some(position::between(Some(key), None));
        let mut keys = std::iter::successors(Some(end.middle()), behind);
        for ids in ids.chunks(PLACED_AT_ONCE) {
            let keys = ids.iter().zip(&mut keys);
            let position = keys.fold(CaseStatement::new(), |position, (id, key)| {
                position.case(E::ID.eq(*id), key)
            });
            with(self.write_next_versions::<E>())
                .col_expr(E::POSITION, position.into())
                .filter(E::ID.is_in(ids.iter().copied()))
                .exec(&self.transaction)
                .await?;
        }
        Ok(())
    }

    /// How many characters the longest position among siblings has.
    pub(super) async fn longest(&self, siblings: &Condition) -> Result<usize, StoreError> {
        let longest: Option<Option<i32>> = task::Entity::find_owned(self.user)
            .filter(siblings.clone())
            .select_only()
            .expr(Func::max(Func::char_length(Expr::col(Column::Position))))
            .into_tuple()
            .one(&self.transaction)
            .await?;
        Ok(longest.flatten().and_then(|length| usize::try_from(length).ok()).unwrap_or_default())
    }
}
