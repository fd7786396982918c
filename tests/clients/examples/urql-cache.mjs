import { cacheExchange } from '@urql/exchange-graphcache';

import { addToLists, forget, isListed, pages, sortAgain } from './urql-lists.mjs';

/** `schema` is the JSON that the build has made of `schema.graphql`. */
export const createCache = (schema) =>
  cacheExchange({
    schema,
    globalIDs: true, // no two objects have the same id, whatever their types
    keys: Object.fromEntries(withoutId(schema).map((name) => [name, () => null])),
    resolvers: {
      Query: { tasks: pages, tags: pages, lists: pages },
      Task: { subtasks: pages },
    },
    optimistic: {
      updateTask: ({ input }) => {
        const task = { __typename: 'Task', ...input };
        return { __typename: 'TaskPayload', task };
      },
    },
    updates: {
      Mutation: {
        createTask: added('Task', (payload) => payload.task),
        restoreTask: added('Task', (payload) => payload.task),
        createTag: added('Tag', (payload) => payload.tag),
        createList: added('TaskList', (payload) => payload.list),
        updateTask: changed,
        moveTask: changed,
        deleteTask: deleted('Task'),
        deleteTag: deleted('Tag'),
        deleteList: deleted('TaskList'),
      },
      Subscription: {
        changes({ changes: { changes } }, _, cache) {
          const isGone = ({ kind, node }) => kind === 'DELETE' || node.deletedAt;
          for (const change of changes)
            if (isGone(change)) forget(cache, change);
            else if (!isListed(cache, change)) addToLists(cache, change);
            else if (change.type === 'Task') sortAgain(cache);
        },
      },
    },
  });

/** What has failed has no payload. */
const added = (type, pick) => (result, _, cache, { fieldName }) => {
  const payload = result[fieldName];
  if (payload) addToLists(cache, { type, id: pick(payload).id });
};
/** Not before the server has said so. */
const changed = (result, _, cache, { fieldName, optimistic }) => {
  if (result[fieldName] && !optimistic) sortAgain(cache);
};
const deleted = (type) => (result, _, cache, { fieldName }) => {
  for (const id of result[fieldName]?.deletedIds ?? []) forget(cache, { type, id });
};

/** What is no `Node` is part of what holds it: connections, payloads, sessions. */
function withoutId({ __schema }) {
  const isNode = ({ interfaces }) => interfaces.some(({ name }) => name === 'Node');
  const types = __schema.types.filter((type) => type.kind === 'OBJECT' && !isNode(type));
  return types.map(({ name }) => name);
}
