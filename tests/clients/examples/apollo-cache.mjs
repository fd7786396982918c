import { InMemoryCache } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';

/** One list per filter and order, to which `fetchMore` adds its pages. A count alone is no list. */
const tasks = relayStylePagination((args) =>
  args?.first === 0 ? ['first', 'filter'] : ['filter', 'orderBy'],
);

/** A deleted list's tasks are in the inbox. */
const listOrInbox = (list, { canRead }) => (list && !canRead(list) ? null : list);

/** A list may have brought it already. */
const taskOfAnyList = (task, { args: { id }, toReference }) =>
  task === undefined ? toReference({ __typename: 'Task', id }) : task;

export const createCache = () =>
  new InMemoryCache({
    possibleTypes: {
      Node: ['Tag', 'Task', 'TaskList', 'User'],
      Payload: [
        'BatchPayload',
        'DeletePayload',
        'TagPayload',
        'TaskListPayload',
        'TaskPayload',
        'ViewerPayload',
      ],
    },
    typePolicies: {
      Query: {
        fields: {
          tasks,
          tags: relayStylePagination(),
          lists: relayStylePagination(['includeArchived']),
          task: taskOfAnyList,
        },
      },
      Task: { fields: { subtasks: tasks, list: listOrInbox } },
      Session: { keyFields: false, merge: true }, // part of its user, not an object to look up
      Change: { keyFields: false }, // its `id` is that of the object that changed
    },
  });
