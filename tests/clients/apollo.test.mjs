// What Apollo Client makes of the API: lists, its normalised cache, and news from elsewhere.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';

import { gql } from '@apollo/client';
import { buildSchema, isInterfaceType } from 'graphql';

import { createCache } from './examples/apollo-cache.mjs';
import { createApollo } from './examples/apollo-client.mjs';
import { followChanges } from './examples/apollo-live.mjs';
import {
  createTask,
  deleteTask,
  moveTask,
  readOn,
  updateTask,
  watchTasks,
} from './examples/apollo-tasks.mjs';
import { startBetterAuth } from './harness/better-auth.mjs';
import { task, tellCacheStories, titles } from './harness/cache-stories.mjs';
import { otherDevice } from './harness/devices.mjs';
import { DELETE_BOTH, RENAME_LIST, RENAME_TAG, UPDATE } from './harness/documents.mjs';
import { graphqlWs, Watched } from './harness/live.mjs';
import { onEachDatabase } from './harness/scenes.mjs';
import { SDL } from './harness/schema.mjs';
import { signUp } from './harness/users.mjs';
import { operationsDuring, refuseWarnings, requestsDuring } from './harness/wire.mjs';

const betterAuth = await startBetterAuth();
refuseWarnings();

await onEachDatabase(betterAuth, (taskward) => {
  /** A user with Apollo Client, and another device of theirs that the cache knows nothing of. */
  const newcomer = async () => {
    const user = await signUp(betterAuth, 'Alice');
    const socket = graphqlWs(taskward, () => alice.socketToken());
    const client = createApollo({ url: taskward.graphql, freshToken: user.freshToken, socket });
    after(() => client.stop());
    const alice = {
      ...user,
      ...otherDevice(taskward, user.token),
      socketToken: user.freshToken,
      client,
      socket,
      /** Watches a list as a page does, and waits until it is there. */
      watches: async (filter) => {
        const tasks = watchTasks(client, filter);
        const watched = new Watched(({ data }) => data?.tasks);
        const subscription = tasks.subscribe(watched);
        after(() => subscription.unsubscribe());
        await watched.until((page) => page?.edges);
        const leave = () => subscription.unsubscribe();
        return Object.assign(watched, { leave, readOn: () => readOn(tasks) });
      },
      /** Watches what a query answers. */
      watchesQuery: (document) => {
        const watched = new Watched(({ data }) => data);
        const subscription = client.watchQuery({ query: gql(document) }).subscribe(watched);
        after(() => subscription.unsubscribe());
        return watched;
      },
      /** Follows the changes, and waits for their first page: from then on nothing escapes. */
      follows: async () => {
        const subscription = followChanges(client, assert.ifError);
        after(() => subscription.unsubscribe());
        await socket.untilTold();
      },
    };
    return alice;
  };
  tellCacheStories(taskward, newcomer, { createTask, deleteTask, moveTask, updateTask });

  test('lists of other filters and orders are lists of their own', async () => {
    const alice = await newcomer();
    const READ = gql`query Read($first: Int, $filter: TaskFilter, $orderBy: [TaskOrder!]) {
      tasks(first: $first, filter: $filter, orderBy: $orderBy) {
        edges { node { id title } }
        pageInfo { hasNextPage }
        totalCount
      }
    }`;
    const reads = async (variables) =>
      (await alice.client.query({ query: READ, variables })).data.tasks;
    for (const title of ['b', 'a', 'c']) await alice.writes(title, { completed: title === 'c' });

    const open = await reads({ filter: { completed: false } });
    const done = await reads({ filter: { completed: true } });
    const byTitle = await reads({ orderBy: [{ field: 'TITLE' }] });
    const count = gql`{ tasks(first: 0, orderBy: [{ field: TITLE }]) { totalCount } }`;
    await alice.client.query({ query: count, fetchPolicy: 'network-only' });

    assert.deepEqual(titles(open), ['a', 'b']);
    assert.deepEqual(titles(done), ['c']);
    assert.deepEqual(titles(byTitle), ['a', 'b', 'c']);
    const again = alice.client.readQuery({
      query: READ,
      variables: { orderBy: [{ field: 'TITLE' }] },
    });
    assert.deepEqual(titles(again.tasks), ['a', 'b', 'c'], 'a count leaves the pages alone');
  });

  test('a count before its list is no empty list', async () => {
    const alice = await newcomer();
    await alice.writes('Buy milk');
    const filter = { completed: false };
    const query = gql`query Count($filter: TaskFilter) {
      tasks(first: 0, filter: $filter) { totalCount }
    }`;

    await alice.client.query({ query, variables: { filter } });
    const tasks = await alice.watches(filter);

    assert.deepEqual(titles(tasks.now), ['Buy milk']);
  });

  test('a payload alone changes what is shown: completed, moved, renamed', async () => {
    const alice = await newcomer();
    const [{ id: listId }, { id: tagId }] = [
      await alice.createsList('Home'),
      await alice.createsTag('soon'),
    ];
    const { id } = await alice.writes('Buy milk', { tagIds: [tagId] });
    const tasks = await alice.watches();
    const mutate = (document, input) =>
      alice.client.mutate({ mutation: gql(document), variables: { input } });

    const operations = await operationsDuring(taskward, async () => {
      await updateTask(alice.client, { id, completed: true });
      await moveTask(alice.client, { id, listId });
      await mutate(RENAME_TAG, { id: tagId, name: 'later' });
      await mutate(RENAME_LIST, { id: listId, name: 'House' });
    });

    assert.deepEqual(operations, ['Update', 'Move', 'RenameTag', 'RenameList']);
    const { completed, version, list, tags } = task(tasks, 'Buy milk');
    assert.deepEqual(
      { completed, version, list: list.name, tags: tags.map(({ name }) => name) },
      { completed: true, version: 3, list: 'House', tags: ['later'] },
    );
  });

  test('what is deleted leaves every list with its subtasks, and the count follows', async () => {
    const alice = await newcomer();
    const { id } = await alice.writes('Trip');
    await alice.writes('Book the train', { parentId: id });
    await alice.writes('Stays');
    const [all, open] = [await alice.watches(), await alice.watches({ completed: false })];

    const operations = await operationsDuring(taskward, () => deleteTask(alice.client, { id }));

    assert.deepEqual(operations, ['Delete']);
    assert.deepEqual([titles(all.now), titles(open.now)], [['Stays'], ['Stays']]);
    assert.deepEqual([all.now.totalCount, open.now.totalCount], [1, 1]);
    const kept = Object.keys(alice.client.cache.extract()).filter((key) => key.startsWith('Task:'));
    assert.equal(kept.length, 1);
  });

  test('a deleted list and a deleted tag leave their tasks without a question', async () => {
    const alice = await newcomer();
    const [{ id: listId }, { id: tagId }] = [
      await alice.createsList('Home'),
      await alice.createsTag('soon'),
    ];
    await alice.writes('Buy milk', { listId, tagIds: [tagId] });
    const tasks = await alice.watches();

    const operations = await operationsDuring(taskward, () =>
      alice.client.mutate({
        mutation: gql(DELETE_BOTH),
        variables: { list: listId, tag: tagId },
        update(cache, { data }) {
          cache.evict({ id: `TaskList:${data.deleteList.deletedIds[0]}` });
          cache.evict({ id: `Tag:${data.deleteTag.deletedIds[0]}` });
        },
      }),
    );

    assert.deepEqual(operations, ['DeleteBoth']);
    const { list, tags } = task(tasks, 'Buy milk');
    assert.deepEqual([list, tags], [null, []]);
  });

  test('a task that a list has shown is there without a request', async () => {
    const alice = await newcomer();
    const { id } = await alice.writes('Buy milk');
    await alice.watches();
    const query = gql`query One($id: ID!) { task(id: $id) { id title } }`;

    const operations = await operationsDuring(taskward, async () => {
      const { data } = await alice.client.query({ query, variables: { id } });
      assert.equal(data.task.title, 'Buy milk');
    });

    assert.deepEqual(operations, []);
  });

  test('a task that does not exist is asked for once', async () => {
    const alice = await newcomer();
    const query = gql`query One($id: ID!) { task(id: $id) { id title } }`;
    const watched = new Watched(({ data }) => data);

    const requests = await requestsDuring(taskward, async () => {
      const variables = { id: alice.id };
      const subscription = alice.client.watchQuery({ query, variables }).subscribe(watched);
      after(() => subscription.unsubscribe());
      await watched.until(({ task }) => task === null);
    });

    assert.ok(requests.length <= 2, 'by its hash, and in full if that is new');
  });

  test('what two queries ask of the session comes together', async () => {
    const alice = await newcomer();
    const first = gql`{ viewer { id session { id expiresAt } } }`;

    await alice.client.query({ query: first });
    await alice.client.query({ query: gql`{ viewer { id session { scopes } } }` });

    const { viewer } = alice.client.readQuery({ query: first });
    assert.ok(Date.parse(viewer.session.expiresAt));
  });

  test('a socket whose token has expired comes back, and nothing was missed', async () => {
    const alice = await newcomer();
    const { id } = await alice.writes('Before');
    const goodForSeconds = () => {
      const iat = Math.floor(Date.now() / 1000);
      return betterAuth.sign({ sub: alice.id, iat, exp: iat + 5 });
    };
    alice.socketToken = () => {
      alice.socketToken = async () => {
        await alice.ask(UPDATE, { input: { id, title: 'While away' } });
        return alice.token;
      };
      return goodForSeconds();
    };
    const tasks = await alice.watches();
    await alice.follows();
    await alice.ask(UPDATE, { input: { id, title: 'Before the end' } });
    await tasks.until((page) => titles(page).includes('Before the end'));

    await tasks.until((page) => titles(page).includes('While away'));

    assert.deepEqual(alice.socket.closes, [{ code: 4403, reason: 'TOKEN_EXPIRED' }]);
  });
});

test('the cache knows the possible types of the schema', () => {
  const schema = buildSchema(readFileSync(SDL, 'utf8'));
  const interfaces = Object.values(schema.getTypeMap()).filter(isInterfaceType);
  const { policies } = createCache();

  for (const type of interfaces) {
    const fragment = { typeCondition: { name: { value: type.name } } };
    for (const { name } of schema.getPossibleTypes(type))
      assert.ok(policies.fragmentMatches(fragment, name), `${name} is a ${type.name}`);
  }
});
