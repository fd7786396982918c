import { cacheExchange } from '@urql/exchange-graphcache';

import { forget, isListed, pages, readAgain } from './urql-lists.mjs';

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
        createTask: ({ createTask }, _, cache) => readAgain(cache, 'Task', createTask),
        restoreTask: ({ restoreTask }, _, cache) => readAgain(cache, 'Task', restoreTask),
        createTag: ({ createTag }, _, cache) => readAgain(cache, 'Tag', createTag),
        createList: ({ createList }, _, cache) => readAgain(cache, 'TaskList', createList),
        deleteTask: ({ deleteTask }, _, cache) => forget(cache, deleteTask?.deletedIds),
        deleteTag: ({ deleteTag }, _, cache) => forget(cache, deleteTag?.deletedIds),
        deleteList: ({ deleteList }, _, cache) => forget(cache, deleteList?.deletedIds),
      },
      Subscription: {
        changes({ changes: { changes } }, _, cache) {
          const isGone = ({ kind, node }) => kind === 'DELETE' || node.deletedAt;
          forget(cache, changes.filter(isGone).map(({ id }) => id));
          for (const change of changes)
            if (!isGone(change) && !isListed(cache, change)) readAgain(cache, change.type);
        },
      },
    },
  });

/** What is no `Node` is part of what holds it: connections, payloads, sessions. */
function withoutId({ __schema }) {
  const isNode = ({ interfaces }) => interfaces.some(({ name }) => name === 'Node');
  const types = __schema.types.filter((type) => type.kind === 'OBJECT' && !isNode(type));
  return types.map(({ name }) => name);
}
