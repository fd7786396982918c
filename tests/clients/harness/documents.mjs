// What front ends ask, shared by the tests.

export const VIEWER = `query Viewer {
  viewer { id email name session { issuer expiresAt } }
}`;

export const TASKS = `query Tasks($first: Int, $after: String) {
  tasks(first: $first, after: $after) {
    nodes { id title }
    pageInfo { hasNextPage hasPreviousPage endCursor }
    totalCount
  }
}`;

export const TASK = `query Task($id: ID!) {
  task(id: $id) { id title description completed completedAt priority deletedAt version }
}`;

export const NODE = `query Node($id: ID!) {
  node(id: $id) { __typename id ... on Task { title } ... on User { name } }
}`;

export const CREATE = `mutation Create($input: CreateTaskInput!) {
  createTask(input: $input) { task { id title description completed priority version } cursor }
}`;

export const UPDATE = `mutation Update($input: UpdateTaskInput!) {
  updateTask(input: $input) { task { id title completed completedAt version } }
}`;

export const DELETE = `mutation Delete($input: DeleteTaskInput!) {
  deleteTask(input: $input) { deletedIds }
}`;

export const RESTORE = `mutation Restore($input: RestoreTaskInput!) {
  restoreTask(input: $input) { task { id title deletedAt version } }
}`;

const PAGE = `{
  changes { kind id type cursor node { ... on Task { title completed } } }
  cursor hasMore reset
}`;

export const CHANGES = `query Changes($since: String) {
  changes(since: $since) ${PAGE}
}`;

export const FOLLOW = `subscription Follow($since: String) {
  changes(since: $since) ${PAGE}
}`;

export const SIGN_OUT = `mutation SignOut($input: SignOutInput!) {
  signOut(input: $input) { revokedBefore }
}`;

export const CREATE_MANY = `mutation CreateMany($operations: [BatchOperation!]!) {
  batch(input: { operations: $operations }) { results { node { id } error { message } } }
}`;

export const CREATE_LIST = `mutation CreateList($input: CreateListInput!) {
  createList(input: $input) { list { id } }
}`;

export const RENAME_LIST = `mutation RenameList($input: UpdateListInput!) {
  updateList(input: $input) { list { id name version } }
}`;

export const CREATE_TAG = `mutation CreateTag($input: CreateTagInput!) {
  createTag(input: $input) { tag { id } }
}`;

export const RENAME_TAG = `mutation RenameTag($input: UpdateTagInput!) {
  updateTag(input: $input) { tag { id name version } }
}`;

export const LABELS = `query Labels {
  tags(first: 50) { edges { node { id name } } }
  lists(first: 50) { edges { node { id name } } }
}`;

export const DELETE_BOTH = `mutation DeleteBoth($list: ID!, $tag: ID!) {
  deleteList(input: { id: $list }) { deletedIds }
  deleteTag(input: { id: $tag }) { deletedIds }
}`;
