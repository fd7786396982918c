//! What belongs to many tasks at once, each kind in one statement however many they are.

use std::collections::HashMap;

use uuid::Uuid;

use super::{
    OwnedStore, Toward, Window, error::StoreError, list::ListRow, tag::TagRow, task::{TaskOrder, TaskPage, TaskRow}, filter::TaskFilter
};

impl OwnedStore {
    /// The tags of each of these tasks, by name; a task without any is left out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`].
    pub async fn tags_of(&self, tasks: &[Uuid]) -> Result<HashMap<Uuid, Vec<TagRow>>, StoreError> {
        let _ = tasks;
        todo!()
    }

    /// These lists by id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`].
    pub async fn lists_by_id(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, ListRow>, StoreError> {
        let _ = ids;
        todo!()
    }

    /// These tasks by id, also from the trash.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`].
    pub async fn tasks_by_id(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, TaskRow>, StoreError> {
        let _ = ids;
        todo!()
    }

    /// The same window of the subtasks of each of these tasks, all of them in one statement, and so
    /// their counts, which are made when the first is asked for.
    ///
    /// # Errors
    /// The side on which the window's place is not one of that order; else
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`].
    pub async fn subtask_pages(
        &self,
        parents: &[TaskRow],
        filter: &TaskFilter,
        order: &[TaskOrder],
        window: Window,
    ) -> Result<Result<HashMap<Uuid, TaskPage>, Toward>, StoreError> {
        let _ = (parents, filter, order, window);
        todo!()
    }
}
