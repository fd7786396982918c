import { gql } from '@apollo/client';

import { addToLists, forget, sortAgain } from './apollo-lists.mjs';
import { CREATE, DELETE, MOVE, TASKS, UPDATE } from './task-documents.mjs';

/** The pages that are there so far, and their changes: `tasks.subscribe(({ data }) => …)`. */
export const watchTasks = (client, filter) =>
  client.watchQuery({ query: gql(TASKS), variables: { filter } });

export const readOn = (tasks) => {
  const { endCursor } = tasks.getCurrentResult().data.tasks.pageInfo;
  return tasks.fetchMore({ variables: { after: endCursor } });
};

/** `filter` is that of the list which the answer brings; other lists are read again where shown. */
export const createTask = (client, input, filter) =>
  client.mutate({
    mutation: gql(CREATE),
    variables: { input, filter },
    update(cache, { data }) {
      addToLists(cache, { type: 'Task', id: data.createTask.task.id });
    },
  });

export const updateTask = (client, input) =>
  client.mutate({ mutation: gql(UPDATE), variables: { input }, update: sortAgain });

export const moveTask = (client, input) =>
  client.mutate({ mutation: gql(MOVE), variables: { input }, update: sortAgain });

export const deleteTask = (client, input) =>
  client.mutate({
    mutation: gql(DELETE),
    variables: { input },
    update(cache, { data }) {
      for (const id of data.deleteTask.deletedIds) forget(cache, { type: 'Task', id });
      cache.gc();
    },
  });
