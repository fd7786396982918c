// What urql with graphcache makes of the API: lists, its normalised cache, and news from elsewhere.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { gql } from '@urql/core';

import { createUrql } from './examples/urql-client.mjs';
import { followChanges } from './examples/urql-live.mjs';
import {
  createTask,
  deleteTask,
  moveTask,
  readOn,
  updateTask,
  watchTasks,
} from './examples/urql-tasks.mjs';
import { startBetterAuth } from './harness/better-auth.mjs';
import { task, tellCacheStories, titles } from './harness/cache-stories.mjs';
import { otherDevice } from './harness/devices.mjs';
import { DELETE_BOTH, RENAME_LIST, RENAME_TAG, SIGN_OUT, UPDATE } from './harness/documents.mjs';
import { Watched } from './harness/live.mjs';
import { onEachDatabase } from './harness/scenes.mjs';
import { introspect } from './harness/schema.mjs';
import { signUp } from './harness/users.mjs';
import { operationsDuring, refuseWarnings } from './harness/wire.mjs';

const betterAuth = await startBetterAuth();
const schema = introspect();
refuseWarnings();

await onEachDatabase(betterAuth, (taskward) => {
  /** A user with urql, and another device of theirs that the cache knows nothing of. */
  const newcomer = async () => {
    const user = await signUp(betterAuth, 'Alice');
    const client = createUrql({
      url: taskward.graphql,
      schema,
      freshToken: () => alice.nextToken(),
    });
    const alice = {
      ...user,
      ...otherDevice(taskward, user.token),
      nextToken: user.freshToken,
      client,
      /** Watches a list as a page does, and waits until it is there. */
      watches: async (filter) => {
        const watched = new Watched(({ data }) => data?.tasks);
        const { unsubscribe } = watchTasks(client, filter).subscribe(watched.next);
        after(unsubscribe);
        await watched.until((page) => page.edges);
        return Object.assign(watched, {
          leave: unsubscribe,
          readOn: () => readOn(client, filter, watched.now.pageInfo.endCursor),
        });
      },
      /** Watches what a query answers. */
      watchesQuery: (document) => {
        const watched = new Watched(({ data }) => data);
        after(client.query(document, {}).subscribe(watched.next).unsubscribe);
        return watched;
      },
      /** Follows the changes, and waits for their first page: from then on nothing escapes. */
      follows: async () => {
        const told = new Watched(({ data }) => data);
        const { subscription } = client;
        client.subscription = (...request) => {
          const stream = subscription(...request);
          return {
            subscribe: (next) => stream.subscribe((result) => (told.next(result), next(result))),
          };
        };
        after(followChanges(client, assert.ifError, 50));
        await told.until(() => true);
      },
    };
    return alice;
  };
  tellCacheStories(taskward, newcomer, { createTask, deleteTask, moveTask, updateTask });

  test('a payload alone changes what is shown: completed, moved, renamed', async () => {
    const alice = await newcomer();
    const [{ id: listId }, { id: tagId }] = [
      await alice.createsList('Home'),
      await alice.createsTag('soon'),
    ];
    const { id } = await alice.writes('Buy milk', { tagIds: [tagId] });
    const tasks = await alice.watches();

    const operations = await operationsDuring(taskward, async () => {
      await updateTask(alice.client, { id, completed: true });
      await moveTask(alice.client, { id, listId });
      await alice.client.mutation(RENAME_TAG, { input: { id: tagId, name: 'later' } });
      await alice.client.mutation(RENAME_LIST, { input: { id: listId, name: 'House' } });
    });

    assert.deepEqual(operations, ['Update', 'Move', 'RenameTag', 'RenameList']);
    const { completed, version, list, tags } = task(tasks, 'Buy milk');
    assert.deepEqual(
      { completed, version, list: list.name, tags: tags.map(({ name }) => name) },
      { completed: true, version: 3, list: 'House', tags: ['later'] },
    );
  });

  test('a new task pushes none out between two pages', async () => {
    const alice = await newcomer();
    const newestFirst = (await alice.writesMany(80)).reverse();
    const tasks = await alice.watches();
    await tasks.readOn();
    await tasks.until((page) => page.edges.length === 80);

    await createTask(alice.client, { title: 'New' });
    await tasks.until((page) => page.totalCount === 81);
    await tasks.readOn();
    await tasks.until((page) => page.edges.length === 81);

    assert.deepEqual(titles(tasks.now), ['New', ...newestFirst]);
  });

  test('what is deleted leaves every list with its subtasks, and the count follows', async () => {
    const alice = await newcomer();
    const { id } = await alice.writes('Trip');
    await alice.writes('Book the train', { parentId: id });
    await alice.writes('Stays');
    const [all, open] = [await alice.watches(), await alice.watches({ completed: false })];

    await deleteTask(alice.client, { id });
    await all.until((page) => page.totalCount === 1);
    await open.until((page) => page.totalCount === 1);

    assert.deepEqual([titles(all.now), titles(open.now)], [['Stays'], ['Stays']]);
  });

  test('a change is shown at once, and taken back when the server refuses it', async () => {
    const alice = await newcomer();
    const { id } = await alice.writes('Buy milk');
    const tasks = await alice.watches();
    await alice.ask(UPDATE, { input: { id, title: 'Buy oats' } });
    const shown = [];
    const { unsubscribe } = watchTasks(alice.client).subscribe(({ data }) =>
      shown.push(task({ now: data.tasks }, 'Buy milk')?.completed),
    );
    after(unsubscribe);

    const { error } = await updateTask(alice.client, { id, completed: true, expectedVersion: 1 });

    const [{ extensions }] = error.graphQLErrors;
    assert.deepEqual(extensions, { code: 'CONFLICT', version: 2 });
    assert.deepEqual(shown, [false, true, false]);
  });

  test('a deleted list and a deleted tag leave their tasks', async () => {
    const alice = await newcomer();
    const [{ id: listId }, { id: tagId }] = [
      await alice.createsList('Home'),
      await alice.createsTag('soon'),
    ];
    await alice.writes('Buy milk', { listId, tagIds: [tagId] });
    const tasks = await alice.watches();

    await alice.client.mutation(DELETE_BOTH, { list: listId, tag: tagId });

    await tasks.until(() => {
      const { list, tags } = task(tasks, 'Buy milk') ?? {};
      return list === null && tags.length === 0;
    });
  });

  test('everything that the schema offers is kept without a warning', async () => {
    const alice = await newcomer();
    await alice.writes('Buy milk');
    const EVERYTHING = gql`{
      viewer { id session { expiresAt scopes } }
      tasks { nodes { id subtasks { edges { node { id } } pageInfo { hasNextPage } } } totalCount }
      tags(first: 10) { edges { node { id } } pageInfo { endCursor } }
      lists(first: 10) { nodes { id } totalCount }
      changes(first: 10) { changes { kind id type node { id } } cursor }
    }`;

    const { data, error } = await alice.client.query(EVERYTHING, {});

    assert.equal(error, undefined);
    assert.equal(data.tasks.nodes.length, 1, 'also of a list without arguments');
    assert.equal(data.changes.changes.length, 1);
    const again = await operationsDuring(taskward, () => alice.client.query(EVERYTHING, {}));
    assert.deepEqual(again, [], 'all of it comes from the cache');
  });

  test('a stream that has ended is opened again, and nothing was missed', async () => {
    const alice = await newcomer();
    const { id } = await alice.writes('Before');
    const iat = Math.floor(Date.now() / 1000);
    const first = await betterAuth.sign({ sub: alice.id, iat, jti: 'the first' });
    alice.nextToken = () => first;
    const tasks = await alice.watches();
    await alice.follows();
    await alice.ask(UPDATE, { input: { id, title: 'Before the end' } });
    await tasks.until((page) => titles(page).includes('Before the end'));

    alice.nextToken = async () => {
      await alice.ask(UPDATE, { input: { id, title: 'While away' } });
      return alice.token;
    };
    await otherDevice(taskward, first).ask(SIGN_OUT, { input: {} });
    await tasks.until((page) => titles(page).includes('While away'));
  });
});
