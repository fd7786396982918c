import { gql } from '@urql/core';

const ROW = gql`
  fragment TaskRow on Task { id title completed position version list { id name } tags { id name } }
`;
const PAGE = gql`
  fragment TaskPage on Query {
    tasks(first: 50, after: $after, filter: $filter) {
      edges { cursor node { ...TaskRow } }
      pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
      totalCount
    }
  }
  ${ROW}
`;
const TASKS = gql`
  query Tasks($filter: TaskFilter, $after: String) { ...TaskPage }
  ${PAGE}
`;
const CREATE = gql`
  mutation Create($input: CreateTaskInput!, $filter: TaskFilter, $after: String) {
    createTask(input: $input) { task { ...TaskRow } query { ...TaskPage } }
  }
  ${PAGE}
`;
const UPDATE = gql`
  mutation Update($input: UpdateTaskInput!) {
    updateTask(input: $input) { task { id title completed version } }
  }
`;
const MOVE = gql`
  mutation Move($input: MoveTaskInput!) {
    moveTask(input: $input) { task { id position version list { id name } parent { id } } }
  }
`;
const DELETE = gql`
  mutation Delete($input: DeleteTaskInput!, $filter: TaskFilter, $after: String) {
    deleteTask(input: $input) { deletedIds query { tasks(first: 50, after: $after, filter: $filter) { totalCount } } }
  }
`;

/** The pages that are there so far, and their changes: `….subscribe(({ data }) => …)`. */
export const watchTasks = (client, filter) => client.query(TASKS, { filter });

/** `after` is the `endCursor` of what is there. */
export const readOn = (client, filter, after) => client.query(TASKS, { filter, after }).toPromise();

/** The payload's `query` reads the list anew, so the task is where it belongs. */
export const createTask = (client, input, filter) =>
  client.mutation(CREATE, { input, filter }).toPromise();

/** What the payload holds is all that the cache needs. */
export const updateTask = (client, input) => client.mutation(UPDATE, { input }).toPromise();
export const moveTask = (client, input) => client.mutation(MOVE, { input }).toPromise();
export const deleteTask = (client, input, filter) =>
  client.mutation(DELETE, { input, filter }).toPromise();
