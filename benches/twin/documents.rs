//! The documents that the twin knows.

/// A page of tasks, the newest first.
pub const PAGE: &str = "query($first:Int!){ tasks(first:$first){ edges{ cursor node{ id title description completed priority dueAt createdAt updatedAt } } pageInfo{ hasNextPage endCursor } } }";

/// The same with the tags of each task.
pub const PAGE_WITH_TAGS: &str = "query($first:Int!){ tasks(first:$first){ edges{ cursor node{ id title description completed priority dueAt createdAt updatedAt tags{ id name } } } pageInfo{ hasNextPage endCursor } } }";

/// One task.
pub const TASK: &str = "query($id:ID!){ task(id:$id){ id title description completed priority dueAt createdAt updatedAt } }";

/// A new task.
pub const CREATE: &str =
    "mutation($t:String!){ createTask(input:{title:$t}){ task{ id title completed createdAt } } }";

/// A task that is done, or is not any more.
pub const COMPLETE: &str = "mutation($id:ID!,$c:Boolean!){ updateTask(input:{id:$id, completed:$c}){ task{ id completed updatedAt } } }";
