import { ConnectionHandler, graphql, requestSubscription } from 'relay-runtime';
import type { IEnvironment } from 'relay-runtime';
import type {
  TaskListChangesSubscription as Changes,
} from './__generated__/TaskListChangesSubscription.graphql';

export const taskListQuery = graphql`
  query TaskListQuery($count: Int!) {
    ...TaskList_query @arguments(count: $count)
  }
`;

export const taskListFragment = graphql`
  fragment TaskList_query on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 50 }, cursor: { type: "String" })
  @refetchable(queryName: "TaskListPaginationQuery") {
    tasks(first: $count, after: $cursor) @connection(key: "TaskList_tasks") {
      __id
      edges { node { id ...TaskList_task } }
    }
  }
`;

export const taskFragment = graphql`
  fragment TaskList_task on Task @refetchable(queryName: "TaskListTaskRefetchQuery") {
    id
    title
    completed
    deletedAt
  }
`;

export const createTaskMutation = graphql`
  mutation TaskListCreateMutation($input: CreateTaskInput!, $connections: [ID!]!) {
    createTask(input: $input) {
      task @prependNode(connections: $connections, edgeTypeName: "TaskEdge") { ...TaskList_task }
    }
  }
`;

export const updateTaskMutation = graphql`
  mutation TaskListUpdateMutation($input: UpdateTaskInput!) {
    updateTask(input: $input) { task { ...TaskList_task } }
  }
`;

export const deleteTaskMutation = graphql`
  mutation TaskListDeleteMutation($input: DeleteTaskInput!, $connections: [ID!]!) {
    deleteTask(input: $input) {
      deletedIds @deleteEdge(connections: $connections)
      deletedRecords: deletedIds @deleteRecord
    }
  }
`;

const changesSubscription = graphql`
  subscription TaskListChangesSubscription($since: String) {
    changes(since: $since) {
      cursor
      changes { kind id node { __typename ... on Task { deletedAt } ...TaskList_task @alias } }
    }
  }
`;

/** Keeps the store up to date with what other devices do, until it is disposed of. */
export function followChanges(environment: IEnvironment, since: string | null = null) {
  return requestSubscription<Changes>(environment, {
    subscription: changesSubscription,
    variables: { since },
    updater(store, data) {
      const tasks = ConnectionHandler.getConnection(store.getRoot(), 'TaskList_tasks');
      for (const { id, kind, node } of data?.changes.changes ?? []) {
        const isInTrash = node?.__typename === 'Task' && node.deletedAt;
        if (tasks && (isInTrash || kind === 'DELETE')) ConnectionHandler.deleteNode(tasks, id);
        if (kind === 'DELETE') store.delete(id);
      }
    },
  });
}
