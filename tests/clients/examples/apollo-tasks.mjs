import { gql } from '@apollo/client';

const PAGE = gql`
  fragment TaskRow on Task { id title completed position version list { id name } tags { id name } }
  fragment TaskPage on Query {
    tasks(first: 50, after: $after, filter: $filter) {
      edges { cursor node { ...TaskRow } }
      pageInfo { endCursor hasNextPage }
      totalCount
    }
  }
`;
export const TASKS = gql`
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
  mutation Delete($input: DeleteTaskInput!, $filter: TaskFilter) {
    deleteTask(input: $input) { deletedIds query { tasks(first: 0, filter: $filter) { totalCount } } }
  }
`;

/** The pages that are there so far, and their changes: `tasks.subscribe(({ data }) => …)`. */
export const watchTasks = (client, filter) =>
  client.watchQuery({ query: TASKS, variables: { filter } });

export const readOn = (tasks) => {
  const { endCursor } = tasks.getCurrentResult().data.tasks.pageInfo;
  return tasks.fetchMore({ variables: { after: endCursor } });
};

/** The payload's `query` reads the list anew, so the task is where it belongs. */
export const createTask = (client, input, filter) =>
  client.mutate({ mutation: CREATE, variables: { input, filter } });

/** What the payload holds is all that the cache needs. */
export const updateTask = (client, input) => client.mutate({ mutation: UPDATE, variables: { input } });
export const moveTask = (client, input) => client.mutate({ mutation: MOVE, variables: { input } });

/** The whole list of what a deletion took along, subtasks too, leaves the cache. */
export const deleteTask = (client, input, filter) =>
  client.mutate({
    mutation: DELETE,
    variables: { input, filter },
    update(cache, { data }) {
      for (const id of data.deleteTask.deletedIds)
        cache.evict({ id: cache.identify({ __typename: 'Task', id }) });
      cache.gc();
    },
  });
