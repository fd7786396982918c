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

/// The tasks that are overdue or due today, and two counts.
pub const TODAY: &str = from_readme("query Today {", "```");

/// A list with its tasks and their subtasks.
pub const ONE_LIST: &str = from_readme("query OneList(", "```");

/// A new task, and the newest tasks after it in the same request.
pub const CREATE_AND_READ: &str = from_readme("mutation ($input: CreateTaskInput!) {", "`;");

/// The changes after a cursor, as the offline-first client of docs/sync.md reads them.
pub const CHANGES: &str = "query($since:String){ changes(since:$since){ changes{ kind id node{ ...on Task{ title completed deletedAt } ...on Tag{ name } ...on TaskList{ name } } } cursor hasMore reset } }";

/// The tasks that match a search best.
pub const SEARCH: &str = "query($search:String!){ tasks(first:20, filter:{search:$search}, orderBy:[{field:RELEVANCE, direction:DESC}]){ nodes{ id title description completed dueOn } pageInfo{ hasNextPage endCursor } } }";

/// A text for [`SEARCH`] that is not yet typed to its end.
pub const TYPED: &str = "call plu";

/// The document that README.md prints from these words up to that mark. It is cut out at compile time, so
/// that the benchmark sends what front ends copy.
const fn from_readme(first_words: &str, mark: &str) -> &'static str {
    const README: &str = include_str!("../../README.md");
    let start = find(README.as_bytes(), first_words.as_bytes(), 0);
    let end = find(README.as_bytes(), mark.as_bytes(), start);
    README.split_at(end).0.split_at(start).1
}

/// The index of the first occurrence, not before `from`. (`str::find` is not `const`.)
const fn find(text: &[u8], wanted: &[u8], from: usize) -> usize {
    let mut start = from;
    while start + wanted.len() <= text.len() {
        let mut same = 0;
        while same < wanted.len() && text[start + same] == wanted[same] {
            same += 1;
        }
        if same == wanted.len() {
            return start;
        }
        start += 1;
    }
    panic!("README.md has no such document any more")
}
