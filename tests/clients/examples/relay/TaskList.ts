import { ConnectionHandler, graphql, requestSubscription } from 'relay-runtime';
import type { IEnvironment, RecordProxy, RecordSourceProxy } from 'relay-runtime';
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
    createdAt
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
        const isListed = node?.__typename === 'Task' && !node.deletedAt;
        if (tasks && isListed) addToList(store, tasks, store.get(id)!);
        else if (tasks) ConnectionHandler.deleteNode(tasks, id);
        if (kind === 'DELETE') store.delete(id);
      }
    },
  });
}

/** Adds a new or restored task to where the server has it, newest first, unless it is there. */
function addToList(store: RecordSourceProxy, tasks: RecordProxy, task: RecordProxy) {
  const edges = tasks.getLinkedRecords('edges') ?? [];
  const nodes = edges.map((edge) => edge.getLinkedRecord('node'));
  if (nodes.includes(task)) return;
  const born = (node: RecordProxy) => `${node.getValue('createdAt')} ${node.getDataID()}`;
  const next = nodes.findIndex((node) => node && born(node) < born(task));
  // What is older than the pages that are here comes with its own.
  if (next < 0 && tasks.getLinkedRecord('pageInfo')?.getValue('hasNextPage')) return;

  const edge = ConnectionHandler.createEdge(store, tasks, task, 'TaskEdge');
  const place = next < 0 ? edges.length : next;
  tasks.setLinkedRecords([...edges.slice(0, place), edge, ...edges.slice(place)], 'edges');
}
