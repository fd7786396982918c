//! What a user can have done, as values: one alone, or many in one transaction.

use uuid::Uuid;

use super::{
    placement::Move,
    transaction::{Committed, WriteTransaction},
};
use crate::store::{
    OwnedStore,
    error::StoreError,
    object::{Object, find_objects},
    tag::{NewTag, TagPatch},
    task::{NewTask, TaskColumns, TaskPart, TaskPatch, TaskRow},
    task_list::{ListPatch, NewList},
};

/// One change of the user's objects. An update and a deletion may name the version that they expect.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Makes a task.
    CreateTask(NewTask),
    /// Changes a task.
    UpdateTask(Uuid, Option<i32>, TaskPatch),
    /// Puts a task somewhere else.
    MoveTask(Uuid, Option<i32>, Move),
    /// Moves a task with all under it to the trash.
    TrashTask(Uuid, Option<i32>),
    /// Deletes a task with all under it for good.
    DeleteTask(Uuid, Option<i32>),
    /// Brings a task back from the trash, with what went along.
    RestoreTask(Uuid),
    /// Makes a tag.
    CreateTag(NewTag),
    /// Changes a tag.
    UpdateTag(Uuid, Option<i32>, TagPatch),
    /// Deletes a tag, and takes it off its tasks.
    DeleteTag(Uuid, Option<i32>),
    /// Makes a list.
    CreateList(NewList),
    /// Changes a list.
    UpdateList(Uuid, Option<i32>, ListPatch),
    /// Deletes a list, whose tasks go to the inbox.
    DeleteList(Uuid, Option<i32>),
}

/// What an operation came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The object as it is now.
    Object(Object),
    /// What left the lists.
    Deleted(Vec<Uuid>),
}

impl<O> From<O> for Outcome
where
    Object: From<O>,
{
    fn from(row: O) -> Self {
        Self::Object(row.into())
    }
}

impl From<Vec<Uuid>> for Outcome {
    fn from(deleted: Vec<Uuid>) -> Self {
        Self::Deleted(deleted)
    }
}

impl Outcome {
    /// The task, if it came to one.
    #[must_use]
    pub fn task(&self) -> Option<&TaskRow> {
        if let Self::Object(object) = self { object.task() } else { None }
    }
}

/// What an operation came to of which some columns are shown.
#[derive(Debug)]
pub enum PartOutcome {
    /// Those of the task as it is now.
    Task(TaskPart),
    /// All of it.
    Whole(Box<Outcome>),
}

impl OwnedStore {
    /// Does one thing, of which these columns are shown if it changes a task: its number is one of them.
    ///
    /// # Errors
    /// What the operation was refused for.
    pub async fn run_in_part(
        &self,
        operation: Operation,
        columns: &TaskColumns,
    ) -> Result<Committed<PartOutcome>, StoreError> {
        let done = if let Operation::UpdateTask(id, version, patch) = &operation {
            let done = self.update_task_part_optimistic(*id, *version, patch, columns).await?;
            if let Some(done) = done {
                return Ok(done.map(PartOutcome::Task));
            }
            self.run_in_transaction(operation).await?
        } else {
            self.run(operation).await?
        };
        Ok(done.map(|outcome| PartOutcome::Whole(Box::new(outcome))))
    }

    /// Does one thing.
    ///
    /// # Errors
    /// What the operation was refused for.
    pub async fn run(&self, operation: Operation) -> Result<Committed<Outcome>, StoreError> {
        let done = match &operation {
            Operation::CreateTask(new) => self.create_task_optimistic(new).await?,
            Operation::UpdateTask(id, version, patch) => {
                self.update_task_optimistic(*id, *version, patch).await?
            }
            _ => None,
        };
        match done {
            Some(done) => Ok(done.map(Outcome::from)),
            None => self.run_in_transaction(operation).await,
        }
    }

    async fn run_in_transaction(
        &self,
        operation: Operation,
    ) -> Result<Committed<Outcome>, StoreError> {
        let mut write = self.write().await?;
        let outcome = write.run(operation).await?;
        write.commit(outcome).await
    }

    /// Does one thing after the other in one transaction. When `atomic`, the first failure undoes all
    /// and ends it: the others then are [`StoreError::Aborted`]. Otherwise each that fails changes
    /// nothing, and the others still apply. An object that several change is answered as the last one
    /// left it.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn run_all<E: From<StoreError>>(
        &self,
        operations: Vec<Result<Operation, E>>,
        atomic: bool,
    ) -> Result<Committed<Vec<Result<Outcome, E>>>, StoreError> {
        let mut write = self.write().await?;
        let count = operations.len();
        let mut outcomes = Vec::with_capacity(count);
        for operation in operations {
            let outcome = match operation {
                Err(refused) => Err(refused),
                Ok(operation) => match write.run(operation).await {
                    Err(fault) if fault.is_fault() => return Err(fault),
                    outcome => outcome.map_err(E::from),
                },
            };
            let failed = outcome.is_err();
            outcomes.push(outcome);
            if failed && atomic {
                drop(write);
                // The number of what was undone will be another change's, so this takes its own.
                return self.write().await?.commit(aborted_but_for_last(outcomes, count)).await;
            }
        }
        write.refresh(&mut outcomes).await?;
        write.commit(outcomes).await
    }
}

/// The outcomes of a batch that was undone because of the last one that was tried.
fn aborted_but_for_last<E: From<StoreError>>(
    mut tried: Vec<Result<Outcome, E>>,
    count: usize,
) -> Vec<Result<Outcome, E>> {
    let aborted = || Err(StoreError::Aborted.into());
    let culprit = tried.pop();
    let before = tried.iter().map(|_| aborted());
    before.chain(culprit).chain(std::iter::repeat_with(aborted)).take(count).collect()
}

impl WriteTransaction {
    async fn run(&mut self, operation: Operation) -> Result<Outcome, StoreError> {
        Ok(match operation {
            Operation::CreateTask(new) => self.create_task(new).await?.into(),
            Operation::UpdateTask(id, version, patch) => {
                self.update_task(id, version, patch).await?.into()
            }
            Operation::MoveTask(id, version, to) => self.move_task(id, version, to).await?.into(),
            Operation::TrashTask(id, version) => self.trash_task(id, version).await?.into(),
            Operation::DeleteTask(id, version) => self.delete_task(id, version).await?.into(),
            Operation::RestoreTask(id) => self.restore_task(id).await?.into(),
            Operation::CreateTag(new) => self.create_tag(new).await?.into(),
            Operation::UpdateTag(id, version, patch) => {
                self.update_tag(id, version, patch).await?.into()
            }
            Operation::DeleteTag(id, version) => self.delete_tag(id, version).await?.into(),
            Operation::CreateList(new) => self.create_list(new).await?.into(),
            Operation::UpdateList(id, version, patch) => {
                self.update_list(id, version, patch).await?.into()
            }
            Operation::DeleteList(id, version) => self.delete_list(id, version).await?.into(),
        })
    }

    /// Reads again what several operations may have changed. What was deleted permanently since then
    /// stays as it was.
    async fn refresh<E>(&self, outcomes: &mut [Result<Outcome, E>]) -> Result<(), StoreError> {
        let mut objects: Vec<_> = outcomes
            .iter_mut()
            .flatten()
            .filter_map(|outcome| match outcome {
                Outcome::Object(object) => Some(object),
                Outcome::Deleted(_) => None,
            })
            .collect();
        let ids: Vec<_> = objects.iter().map(|object| object.id()).collect();
        let present = find_objects(&self.transaction, self.user, &ids).await?;
        for object in &mut objects {
            if let Some(present) = present.get(&object.id()) {
                **object = present.clone();
            }
        }
        Ok(())
    }
}
