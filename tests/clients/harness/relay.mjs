// Relay as a page has it: its compiler on the examples, and what its hooks do with the runtime.

import { EventEmitter } from 'node:events';
import { after } from 'node:test';

import {
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  getFragment,
  getRequest,
  getSelector,
} from 'relay-runtime';

import { graphqlWs, until } from './live.mjs';
import { layOut } from './project.mjs';

/**
 * Runs the compilers of Relay and of TypeScript on the examples. What they wrote is loaded, and
 * `persisted` are the documents by id, where these settings have them persisted.
 */
export function compileRelay(settings) {
  const code = ['post.ts', 'relay/environment.ts', 'relay/TaskList.ts'];
  const project = layOut({ settings: `relay/${settings}`, code });
  const persisted = 'persisted-documents.json';
  project.write(persisted, '{}');
  project.succeeds('relay-compiler/cli.js', '--noWatchman', settings);
  project.succeeds('typescript/bin/tsc');

  // What `babel-plugin-relay` does: a document becomes what the compiler made of it.
  const tag = /\(0, \w+\.graphql\) ?`\s*\w+ (\w+)[^`]*`/g;
  const compiled = 'require("./__generated__/$1.graphql").default';
  const list = 'out/TaskList.js';
  project.write(list, project.read(list).replace(tag, compiled));
  return {
    ...project.load('environment'),
    ...project.load('TaskList'),
    persisted: JSON.parse(project.read(persisted)),
  };
}

/** A page that shows the list of the examples, as they were compiled. */
export function openPage(compiled, taskward, freshToken) {
  const socket = graphqlWs(taskward, freshToken);
  const environment = compiled.createEnvironment({ url: taskward.graphql, freshToken, socket });
  const { taskListQuery, taskListFragment, taskFragment } = compiled;
  const { operation, connection } = getFragment(taskListFragment).metadata.refetch;
  const read = (fragment, key) =>
    environment.lookup(getSelector(getFragment(fragment), key)).data;
  const news = new EventEmitter();
  const store = environment.getStore();
  const notify = store.notify.bind(store);
  store.notify = (...change) => {
    const told = notify(...change);
    news.emit('news');
    return told;
  };
  let shown;

  return {
    /** Shows the first page. */
    async lists(count = 50) {
      const request = createOperationDescriptor(getRequest(taskListQuery), { count });
      environment.retain(request);
      shown = await fetchQuery(environment, taskListQuery, { count }).toPromise();
    },

    /** Shows one page more, as `loadNext` of `usePaginationFragment`. */
    async loadsNext(count) {
      const { count: countName, cursor: cursorName } = connection.forward;
      const { endCursor } = this.list.pageInfo;
      const page = { [countName]: count, [cursorName]: endCursor };
      await fetchQuery(environment, operation, page).toPromise();
    },

    /** Fetches one task again, as `refetch` of `useRefetchableFragment`. */
    async refetches(id) {
      const refetch = getFragment(taskFragment).metadata.refetch.operation;
      await fetchQuery(environment, refetch, { id }).toPromise();
    },

    commits: (mutation, variables) =>
      new Promise((resolve, reject) => {
        const onCompleted = (data, errors) => (errors ? reject(errors) : resolve(data));
        commitMutation(environment, { mutation, variables, onCompleted, onError: reject });
      }),

    get list() {
      return read(taskListFragment, shown).tasks;
    },
    get tasks() {
      return this.list.edges.map(({ node }) => read(taskFragment, node));
    },
    get titles() {
      return this.tasks.map(({ title }) => title);
    },
    get hasNext() {
      return this.list.pageInfo.hasNextPage;
    },
    /** How mutations name this list. */
    get connection() {
      return this.list.__id;
    },
    /** What the store knows of an object: nothing, or null where it has been deleted. */
    record: (id) => store.getSource().get(id),

    /** Follows what other devices do, from the first answer on: nothing escapes it then. */
    async follows() {
      const following = compiled.followChanges(environment);
      after(() => following.dispose());
      await socket.untilTold();
    },
    until: (condition) => until(news, condition),
  };
}
