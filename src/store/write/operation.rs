//! The operations of users, as values: one by itself, or many in one transaction.

use uuid::Uuid;

use super::{
    location::Move,
    task_insert::NewTask,
    task_update::TaskPatch,
    transaction::{Committed, WriteTransaction},
};
use crate::store::{
    OwnedStore,
    entity::id::{ListId, TagId, TaskId},
    error::StoreError,
    object::Object,
    tag::{NewTag, TagPatch},
    task::{TaskColumns, TaskPart, TaskRow},
    task_list::{ListPatch, NewList},
};

/// One change of the user's objects. An update and a deletion may name the version that they expect.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Makes a task.
    CreateTask(NewTask),
    /// Changes a task.
    UpdateTask(TaskId, Option<i32>, TaskPatch),
    /// Puts a task somewhere else.
    MoveTask(TaskId, Option<i32>, Move),
    /// Moves a task with all under it to the trash.
    TrashTask(TaskId, Option<i32>),
    /// Deletes a task with all under it for good.
    DeleteTask(TaskId, Option<i32>),
    /// Brings a task back from the trash, with what went along.
    RestoreTask(TaskId),
    /// Makes a tag.
    CreateTag(NewTag),
    /// Changes a tag.
    UpdateTag(TagId, Option<i32>, TagPatch),
    /// Deletes a tag, and takes it off its tasks.
    DeleteTag(TagId, Option<i32>),
    /// Makes a list.
    CreateList(NewList),
    /// Changes a list.
    UpdateList(ListId, Option<i32>, ListPatch),
    /// Deletes a list, whose tasks go to the inbox.
    DeleteList(ListId, Option<i32>),
}

/// What an operation came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The object as it is now.
    Object(Box<Object>),
    /// What left the lists.
    Deleted(Vec<Uuid>),
}

impl<O> From<O> for Outcome
where
    Object: From<O>,
{
    fn from(row: O) -> Self {
        Self::Object(Box::new(row.into()))
    }
}

impl<I: Into<Uuid>> From<Vec<I>> for Outcome {
    fn from(deleted: Vec<I>) -> Self {
        Self::Deleted(deleted.into_iter().map(Into::into).collect())
    }
}

impl Outcome {
    /// The task, if it came to one.
    pub fn task(&self) -> Option<&TaskRow> {
        if let Self::Object(object) = self { object.task() } else { None }
    }
}

/// What an operation came to, of which a part was read.
#[derive(Debug)]
pub enum PartOutcome {
    /// The columns of the task that were asked for.
    Task(TaskPart),
    /// All of it.
    Whole(Outcome),
}

impl<O> From<O> for PartOutcome
where
    Outcome: From<O>,
{
    fn from(outcome: O) -> Self {
        Self::Whole(outcome.into())
    }
}

impl PartOutcome {
    /// All of it, where all columns of a task were asked for.
    pub fn whole(self) -> Result<Outcome, StoreError> {
        match self {
            Self::Task(part) => part.whole().map(Outcome::from),
            Self::Whole(outcome) => Ok(outcome),
        }
    }
}

impl OwnedStore {
    /// Executes one operation. Where it changes a task, at least the columns `shown` are read of it.
    ///
    /// # Errors
    /// What the operation was refused for.
    pub async fn execute(
        &self,
        operation: Operation,
        shown: &TaskColumns,
    ) -> Result<Committed<PartOutcome>, StoreError> {
        let turn = self.turns.write().await?;
        if let Some(done) = self.execute_optimistically(&operation, shown).await? {
            return Ok(done);
        }
        let mut write = self.write_in(turn).await?;
        let outcome = write.execute(operation).await?;
        write.commit(outcome.into()).await
    }

    /// Executes one operation after the other in one transaction. When `atomic`, the first failure undoes
    /// all and ends it: the others then are [`StoreError::Aborted`]. Otherwise each that fails changes
    /// nothing, and the others still apply. An object that several change is answered as the last one
    /// left it.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn execute_batch<E: From<StoreError>>(
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
                Ok(operation) => match write.execute(operation).await {
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

/// How many rows the operations of a transaction write before no other one is begun.
const MOST_ROWS: u64 = 10_000;

impl WriteTransaction {
    async fn execute(&mut self, operation: Operation) -> Result<Outcome, StoreError> {
        if self.transaction.0.written() >= MOST_ROWS {
            return Err(StoreError::TooManyRows(MOST_ROWS));
        }
        Ok(match operation {
            Operation::CreateTask(new) => self.create_task(&new).await?.into(),
            Operation::UpdateTask(id, version, patch) => {
                self.update_task(id, version, &patch).await?.into()
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
        let present = self.store.find_objects(&self.transaction, self.user, &ids).await?;
        for object in &mut objects {
            if let Some(present) = present.get(&object.id()) {
                ***object = present.clone();
            }
        }
        Ok(())
    }
}
