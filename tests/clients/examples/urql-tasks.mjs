import { CREATE, DELETE, MOVE, TASKS, UPDATE } from './task-documents.mjs';

/** The pages that are there so far, and their changes: `….subscribe(({ data }) => …)`. */
export const watchTasks = (client, filter) => client.query(TASKS, { filter });

/** `after` is the `endCursor` of what is there. */
export const readOn = (client, filter, after) => client.query(TASKS, { filter, after }).toPromise();

/** `filter` is that of the list which the answer brings; other lists are read again where shown. */
export const createTask = (client, input, filter) =>
  client.mutation(CREATE, { input, filter }).toPromise();

export const updateTask = (client, input) => client.mutation(UPDATE, { input }).toPromise();
export const moveTask = (client, input) => client.mutation(MOVE, { input }).toPromise();
export const deleteTask = (client, input) => client.mutation(DELETE, { input }).toPromise();
