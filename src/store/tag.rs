//! Everything that is done to tags.

use std::collections::HashSet;

use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, QueryFilter, QuerySelect, QueryTrait};

use super::{
    Direction, OwnedStore, Window,
    entity::{
        id::{TagId, TaskId},
        tag::{self, Column, Entity},
        task, task_tag,
    },
    error::{Input, StoreError},
    list::{filter::RowFilter, keyset::Keyset, listing::Listing, page::Page, text},
    owned::Owned,
    sql::projection::{PartialRow, Projection},
    write::transaction::WriteTransaction,
};

/// A tag as it lies in the database.
pub type TagRow = tag::Model;
/// Some columns of a tag.
pub type TagPart = PartialRow<Entity>;
/// Which columns of tags are read.
pub type TagColumns = Projection<Entity>;
/// A page of tags.
pub type TagPage<R> = Page<Entity, R>;

/// The most tags of a task.
pub const MOST_TAGS: usize = 50;

/// What a tag is to begin as.
#[derive(Clone, Debug)]
pub struct NewTag {
    /// Made by the client, or none.
    pub id: Option<TagId>,
    /// The name, checked.
    pub name: String,
    /// `#rrggbb`
    pub color: Option<String>,
}

/// What shall change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct TagPatch {
    /// The new name, checked.
    pub name: Option<String>,
    /// The new colour, or none any more.
    pub color: Option<Option<String>>,
}

impl OwnedStore {
    /// These columns of the viewer's tags by name, as far as the window shows them.
    ///
    /// # Errors
    /// [`StoreError::ForeignCursor`] for a place that is not one of this order.
    pub async fn tag_page(
        &self,
        window: Window,
        columns: &TagColumns,
    ) -> Result<TagPage<TagPart>, StoreError> {
        let by_name = Keyset::by(Column::NameKey, Direction::Asc);
        self.page(Listing::new(RowFilter::Fixed(Condition::all()), by_name, window)?, columns).await
    }
}

impl WriteTransaction {
    pub async fn create_tag(&mut self, new: NewTag) -> Result<TagRow, StoreError> {
        if let Some(existing) = self.find_existing::<Entity>(new.id).await? {
            return Ok(existing);
        }
        let id = self.id_or_new(new.id);
        let name_key = text::name_key(&new.name);
        self.check_name_available(&name_key, id).await?;
        self.check_quota::<Entity>()?;
        let row = TagRow {
            user_no: self.user.0,
            id,
            name: new.name,
            name_key,
            color: new.color,
            created_at: self.now,
            updated_at: self.now,
            version: 1,
            change_seq: self.change_seq,
        };
        self.insert::<Entity>(row).await
    }

    pub async fn update_tag(
        &mut self,
        id: TagId,
        expected_version: Option<i32>,
        patch: TagPatch,
    ) -> Result<TagRow, StoreError> {
        let old = self.get::<Entity>(id, Input::Id).await?;
        let TagPatch { name, color } = patch;
        let mut new = old.clone();
        if let Some(name) = name {
            new.name_key = text::name_key(&name);
            new.name = name;
        }
        if let Some(color) = color {
            new.color = color;
        }
        self.check_name_available(&new.name_key, id).await?;
        self.update_if_changed::<Entity>(old, new, expected_version).await
    }

    /// Deletes a tag; the tasks that had it change with that.
    pub async fn delete_tag(
        &mut self,
        id: TagId,
        expected_version: Option<i32>,
    ) -> Result<Vec<TagId>, StoreError> {
        self.get_at::<Entity>(id, expected_version).await?;
        let tagged = task_tag::Entity::find_owned(self.user)
            .filter(task_tag::Column::TagId.eq(id))
            .select_only()
            .column(task_tag::Column::TaskId);
        self.write_next_versions::<task::Entity>()
            .filter(task::Column::Id.in_subquery(tagged.into_query()))
            .exec(&self.transaction)
            .await?;
        self.delete_permanently::<Entity>(&[id]).await?;
        Ok(vec![id])
    }

    /// Refuses a name that another tag has.
    async fn check_name_available(&self, name_key: &str, of: TagId) -> Result<(), StoreError> {
        let namesake = Entity::find_owned(self.user)
            .filter(Column::NameKey.eq(name_key))
            .filter(Column::Id.ne(of))
            .one(&self.transaction)
            .await?;
        namesake.map_or(Ok(()), |_| Err(StoreError::NameTaken))
    }

    /// The tags that a task gets or loses, each of which has to exist; `named` tells which input
    /// named the n-th.
    pub async fn known_tags(
        &self,
        ids: &[TagId],
        named: fn(usize) -> Input,
    ) -> Result<HashSet<TagId>, StoreError> {
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        let known = Entity::find_owned(self.user).filter(Column::Id.is_in(ids.iter().copied()));
        let known = known.select_only().column(Column::Id).into_tuple().all(&self.transaction);
        let known: HashSet<TagId> = known.await?.into_iter().collect();
        match ids.iter().position(|id| !known.contains(id)) {
            Some(at) => Err(StoreError::NotFound(named(at))),
            None => Ok(known),
        }
    }

    /// The tags that are on a task.
    pub async fn tags_on(&self, task: TaskId) -> Result<HashSet<TagId>, StoreError> {
        let links = task_tag::Entity::find_owned(self.user)
            .filter(task_tag::Column::TaskId.eq(task))
            .select_only()
            .column(task_tag::Column::TagId);
        Ok(links.into_tuple().all(&self.transaction).await?.into_iter().collect())
    }

    /// Puts tags on a task.
    pub async fn put_on(
        &mut self,
        task: TaskId,
        tags: impl IntoIterator<Item = TagId>,
    ) -> Result<(), StoreError> {
        let tags: Vec<_> = tags.into_iter().collect();
        self.charge_entries(tags.len());
        let mut links = tags
            .into_iter()
            .map(|tag| task_tag::ActiveModel {
                task_id: Set(task),
                tag_id: Set(tag),
                ..Default::default()
            })
            .peekable();
        if links.peek().is_some() {
            task_tag::Entity::insert_many_owned(self.user, links)
                .exec_without_returning(&self.transaction)
                .await?;
        }
        Ok(())
    }

    /// Takes tags off a task.
    pub async fn take_off(
        &self,
        task: TaskId,
        tags: impl IntoIterator<Item = TagId>,
    ) -> Result<(), StoreError> {
        let mut tags = tags.into_iter().peekable();
        if tags.peek().is_some() {
            task_tag::Entity::delete_owned(self.user)
                .filter(task_tag::Column::TaskId.eq(task))
                .filter(task_tag::Column::TagId.is_in(tags))
                .exec(&self.transaction)
                .await?;
        }
        Ok(())
    }
}
