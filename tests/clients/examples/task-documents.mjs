const ROW = `fragment TaskRow on Task {
  id title completed position version deletedAt list { id name } tags { id name }
}`;
const PAGE = `fragment TaskPage on Query {
  tasks(first: 50, after: $after, filter: $filter) {
    edges { cursor node { ...TaskRow } }
    pageInfo { endCursor hasNextPage }
    totalCount
  }
} ${ROW}`;

export const TASKS = `query Tasks($filter: TaskFilter, $after: String) {
  ...TaskPage
} ${PAGE}`;

/** The payload's `query` reads the list anew: the task is where it belongs, and counted. */
export const CREATE = `
mutation Create($input: CreateTaskInput!, $filter: TaskFilter, $after: String) {
  createTask(input: $input) { task { ...TaskRow } query { ...TaskPage } }
} ${PAGE}`;

/** The payload holds what has changed of the task. Which lists it is in is another matter. */
export const UPDATE = `mutation Update($input: UpdateTaskInput!) {
  updateTask(input: $input) { task { id title completed version } }
}`;
export const MOVE = `mutation Move($input: MoveTaskInput!) {
  moveTask(input: $input) { task { id position version list { id name } parent { id } } }
}`;

/** What is deleted takes its subtasks along: `deletedIds` has them all. */
export const DELETE = `mutation Delete($input: DeleteTaskInput!) {
  deleteTask(input: $input) { deletedIds }
}`;

export const CHANGES = `subscription Changes($since: String) {
  changes(since: $since) {
    changes {
      kind id type
      node {
        id
        ...TaskRow
        ... on Tag { name color version }
        ... on TaskList { name color position version }
      }
    }
    cursor
  }
} ${ROW}`;
