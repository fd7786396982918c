// Another device of a user: what it does, the client under test has to be told.

import { graphqlRequest } from './clients.mjs';
import { CREATE, CREATE_LIST, CREATE_MANY, CREATE_TAG } from './documents.mjs';

export function otherDevice(taskward, token) {
  const ask = graphqlRequest(taskward, token);
  return {
    ask,
    writes: async (title, input) =>
      (await ask(CREATE, { input: { title, ...input } })).createTask.task,
    createsList: async (name) => (await ask(CREATE_LIST, { input: { name } })).createList.list,
    createsTag: async (name) => (await ask(CREATE_TAG, { input: { name } })).createTag.tag,

    /** Creates so many tasks in the given order, and answers their titles. */
    async writesMany(count) {
      const titles = Array.from({ length: count }, (_, number) => `Task ${number}`);
      for (let from = 0; from < count; from += 100) {
        const some = titles.slice(from, from + 100);
        await ask(CREATE_MANY, { operations: some.map((title) => ({ createTask: { title } })) });
      }
      return titles;
    },
  };
}
