//! Everything that is done to lists.

use sea_orm::{ColumnTrait, Condition};

use super::{
    Direction, OwnedStore, Window,
    entity::{
        id::ListId,
        task_list::{self, Column, Entity},
    },
    error::{Input, StoreError},
    list::{filter::RowFilter, keyset::Keyset, listing::Listing, page::Page},
    sql::projection::{PartialRow, Projection},
    write::{ordering::Anchor, rows::expect_version, transaction::WriteTransaction},
};

/// A list as it lies in the database.
pub type ListRow = task_list::Model;
/// Some columns of a list.
pub type ListPart = PartialRow<Entity>;
/// Which columns of lists are read.
pub type ListColumns = Projection<Entity>;
/// A page of lists.
pub type ListPage<R> = Page<Entity, R>;

/// What a list is to begin as.
#[derive(Clone, Debug)]
pub struct NewList {
    /// Made by the client, or none.
    pub id: Option<ListId>,
    /// The name, checked.
    pub name: String,
    /// `#rrggbb`
    pub color: Option<String>,
    /// Next to which list; at the end otherwise.
    pub anchor: Option<Anchor<ListId>>,
}

/// What shall change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ListPatch {
    /// The new name, checked.
    pub name: Option<String>,
    /// The new colour, or none any more.
    pub color: Option<Option<String>>,
    /// Next to which list it shall stand.
    pub anchor: Option<Anchor<ListId>>,
    /// Whether it shall be archived.
    pub archived: Option<bool>,
}

impl OwnedStore {
    /// These columns of the viewer's lists by position, as far as the window shows them.
    ///
    /// # Errors
    /// [`StoreError::ForeignCursor`] for a place that is not one of this order.
    pub async fn list_page(
        &self,
        archived: bool,
        window: Window,
        columns: &ListColumns,
    ) -> Result<ListPage<ListPart>, StoreError> {
        let in_use = (!archived).then(|| Column::ArchivedAt.is_null());
        let condition = Condition::all().add_option(in_use);
        let by_position = Keyset::by(Column::Position, Direction::Asc);
        self.page(Listing::new(RowFilter::Fixed(condition), by_position, window)?, columns).await
    }
}

impl WriteTransaction {
    pub async fn create_list(&mut self, new: NewList) -> Result<ListRow, StoreError> {
        if let Some(existing) = self.find_existing::<Entity>(new.id).await? {
            return Ok(existing);
        }
        let id = self.id_or_new(new.id);
        self.check_sibling::<Entity>(new.anchor, |_| Some(true)).await?;
        self.check_quota::<Entity>()?;
        let row = ListRow {
            user_no: self.user.0,
            id,
            name: new.name,
            color: new.color,
            position: self.assign_position::<Entity>(&Condition::all(), None, new.anchor).await?,
            archived_at: None,
            created_at: self.now,
            updated_at: self.now,
            version: 1,
            change_seq: self.change_seq,
        };
        self.insert::<Entity>(row).await
    }

    pub async fn update_list(
        &mut self,
        id: ListId,
        expected_version: Option<i32>,
        patch: ListPatch,
    ) -> Result<ListRow, StoreError> {
        let old = self.get::<Entity>(id, Input::Id).await?;
        let ListPatch { name, color, anchor, archived } = patch;
        let mut new = old.clone();
        if let Some(name) = name {
            new.name = name;
        }
        if let Some(color) = color {
            new.color = color;
        }
        if let Some(archived) = archived {
            new.archived_at = archived.then(|| old.archived_at.unwrap_or(self.now));
        }
        self.check_sibling::<Entity>(anchor, |sibling| Some(sibling.id != id)).await?;
        let all = Condition::all();
        if anchor.is_some() && !self.is_at::<Entity>(&old, &all, anchor).await? {
            expect_version::<Entity>(&old, expected_version)?;
            new.position = self.assign_position::<Entity>(&all, Some(id), anchor).await?;
        }
        self.update_if_changed::<Entity>(old, new, expected_version).await
    }

    /// Deletes a list, whose tasks go to the inbox.
    pub async fn delete_list(
        &mut self,
        id: ListId,
        expected_version: Option<i32>,
    ) -> Result<Vec<ListId>, StoreError> {
        self.get_at::<Entity>(id, expected_version).await?;
        self.move_to_inbox(id).await?;
        self.delete_permanently::<Entity>(&[id]).await?;
        Ok(vec![id])
    }
}
