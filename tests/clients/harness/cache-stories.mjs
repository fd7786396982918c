// What every normalised cache owes to those who look at it, whichever client it belongs to.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DELETE, DELETE_BOTH, LABELS, RENAME_TAG, RESTORE, UPDATE } from './documents.mjs';
import { operationsDuring } from './wire.mjs';

export const titles = (page) => page.edges.map(({ node }) => node.title);
export const task = (watched, title) =>
  watched.now.edges.map(({ node }) => node).find((node) => node.title === title);

/** `newcomer` is a user with the client, and the last argument what the client's examples do. */
export function tellCacheStories(
  taskward,
  newcomer,
  { createTask, deleteTask, moveTask, updateTask },
) {
  test('a list grows page by page, and no task is lost or repeated', async () => {
    const alice = await newcomer();
    const newestFirst = (await alice.writesMany(120)).reverse();

    const tasks = await alice.watches();
    assert.deepEqual(titles(tasks.now), newestFirst.slice(0, 50));
    assert.equal(tasks.now.totalCount, 120);
    await alice.writes('Written meanwhile');
    await alice.ask(DELETE, { input: { id: task(tasks, 'Task 70').id } });
    await tasks.readOn();
    await tasks.until((page) => page.edges.length === 100);
    await tasks.readOn();
    await tasks.until((page) => page.edges.length === 120);

    assert.deepEqual(titles(tasks.now), newestFirst);
    assert.equal(tasks.now.pageInfo.hasNextPage, false);
  });

  test('a new task is in its list, and counted, in the same round trip', async () => {
    const alice = await newcomer();
    const filter = { completed: false };
    await alice.writes('There before');
    const tasks = await alice.watches(filter);

    const operations = await operationsDuring(taskward, () =>
      createTask(alice.client, { title: 'New' }, filter),
    );

    assert.deepEqual(operations, ['Create']);
    assert.deepEqual(titles(tasks.now), ['New', 'There before']);
    assert.equal(tasks.now.totalCount, 2);
  });

  test('a new task appears in lists of other filters too', async () => {
    const alice = await newcomer();
    await alice.writes('There before');
    const [all, open] = [await alice.watches(), await alice.watches({ completed: false })];
    const done = await alice.watches({ completed: true });

    await createTask(alice.client, { title: 'New' }, { completed: false });
    await all.until((page) => page.totalCount === 2);

    for (const tasks of [all, open]) assert.deepEqual(titles(tasks.now), ['New', 'There before']);
    assert.deepEqual(titles(done.now), []);
  });

  test('a task that is ticked off leaves the list of open tasks, and the count follows', async () => {
    const alice = await newcomer();
    const { id } = await alice.writes('Buy milk');
    await alice.writes('Stays');
    const open = await alice.watches({ completed: false });
    const done = await alice.watches({ completed: true });

    await updateTask(alice.client, { id, completed: true });
    await open.until((page) => page.totalCount === 1);
    await done.until((page) => page.totalCount === 1);

    assert.deepEqual([titles(open.now), titles(done.now)], [['Stays'], ['Buy milk']]);
  });

  test('a task that is moved leaves the one list for the other', async () => {
    const alice = await newcomer();
    const [home, work] = [await alice.createsList('Home'), await alice.createsList('Work')];
    const { id } = await alice.writes('Buy milk', { listId: home.id });
    const atHome = await alice.watches({ list: { in: [home.id] } });
    const atWork = await alice.watches({ list: { in: [work.id] } });

    await moveTask(alice.client, { id, listId: work.id });
    await atHome.until((page) => page.totalCount === 0);
    await atWork.until((page) => page.totalCount === 1);

    assert.deepEqual([titles(atHome.now), titles(atWork.now)], [[], ['Buy milk']]);
  });

  test('what another device ticks off or deletes leaves the lists, and the counts follow', async () => {
    const alice = await newcomer();
    const [milk, bread] = [await alice.writes('Buy milk'), await alice.writes('Buy bread')];
    await alice.writes('Stays');
    const [all, open] = [await alice.watches(), await alice.watches({ completed: false })];
    await alice.follows();

    await alice.ask(UPDATE, { input: { id: milk.id, completed: true } });
    await open.until((page) => page.totalCount === 2);
    assert.deepEqual(titles(open.now), ['Stays', 'Buy bread']);
    assert.deepEqual(titles(all.now), ['Stays', 'Buy bread', 'Buy milk']);

    await alice.ask(DELETE, { input: { id: bread.id } });
    await all.until((page) => page.totalCount === 2);
    await open.until((page) => page.totalCount === 1);
    assert.deepEqual([titles(all.now), titles(open.now)], [['Stays', 'Buy milk'], ['Stays']]);
  });

  test('a list that is not shown any more is read again when it is', async () => {
    const alice = await newcomer();
    const { id } = await alice.writes('Buy milk');
    const bread = await alice.writes('Buy bread');
    const [all, open] = [await alice.watches(), await alice.watches({ completed: false })];
    open.leave();

    await updateTask(alice.client, { id, completed: true });
    await deleteTask(alice.client, { id: bread.id });
    await alice.follows();
    await alice.writes('Buy oats');
    await all.until((page) => page.totalCount === 2);
    const again = await alice.watches({ completed: false });

    assert.deepEqual([titles(again.now), again.now.totalCount], [['Buy oats'], 1]);
  });

  test('the count is right where what was deleted lies on pages that were not read', async () => {
    const alice = await newcomer();
    const { id } = await alice.writes('Trip');
    await alice.writes('Book the train', { parentId: id });
    await alice.writesMany(60);
    const tasks = await alice.watches();

    await deleteTask(alice.client, { id });
    await tasks.until((page) => page.totalCount === 60);
  });

  test('what another device does is shown at once, without a question', async () => {
    const alice = await newcomer();
    const { id: tagId } = await alice.createsTag('soon');
    const { id } = await alice.writes('Buy milk', { tagIds: [tagId] });
    const tasks = await alice.watches();
    await alice.follows();

    const operations = await operationsDuring(taskward, async () => {
      await alice.ask(UPDATE, { input: { id, completed: true } });
      await alice.ask(RENAME_TAG, { input: { id: tagId, name: 'later' } });
      await tasks.until(() => task(tasks, 'Buy milk').tags[0].name === 'later');
    });

    assert.ok(!operations.includes('Tasks'), 'the list is not read again');
    assert.equal(task(tasks, 'Buy milk').completed, true);
  });

  test('a task that another device creates or brings back appears', async () => {
    const alice = await newcomer();
    const { id } = await alice.writes('Buy milk');
    await alice.ask(DELETE, { input: { id } });
    const tasks = await alice.watches();
    await alice.follows();

    await alice.writes('Buy bread');
    await tasks.until((page) => page.totalCount === 1);
    await alice.ask(RESTORE, { input: { id } });
    await tasks.until((page) => page.totalCount === 2);
    await alice.ask(DELETE, { input: { id } });
    await tasks.until((page) => page.totalCount === 1);
    await alice.ask(RESTORE, { input: { id } });
    await tasks.until((page) => page.totalCount === 2);

    assert.deepEqual(titles(tasks.now), ['Buy bread', 'Buy milk']);
  });

  test('new tags and lists appear, and deleted ones leave', async () => {
    const alice = await newcomer();
    await alice.createsTag('there before');
    const labels = alice.watchesQuery(LABELS);
    await labels.until(({ tags }) => tags?.edges.length === 1);
    await alice.follows();

    const { id: tagId } = await alice.createsTag('soon');
    await labels.until(({ tags }) => tags.edges.length === 2);
    const { id: listId } = await alice.createsList('Home');
    await labels.until(({ lists }) => lists.edges.length === 1);

    await alice.ask(DELETE_BOTH, { list: listId, tag: tagId });
    await labels.until(({ tags, lists }) => tags.edges.length + lists.edges.length === 1);
  });
}
