// Relay: its compiler on the schema and the examples, and its runtime on the server.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startBetterAuth } from './harness/better-auth.mjs';
import { otherDevice } from './harness/devices.mjs';
import { DELETE, RESTORE, UPDATE } from './harness/documents.mjs';
import { compileRelay, openPage } from './harness/relay.mjs';
import { onEachDatabase } from './harness/scenes.mjs';
import { signUp } from './harness/users.mjs';
import { refuseWarnings } from './harness/wire.mjs';

const relay = compileRelay('relay.config.json');
const betterAuth = await startBetterAuth();
refuseWarnings(); // Relay warns where records do not fit together

await onEachDatabase(betterAuth, (taskward) => {
  /** A user with another device, which writes, and as many pages as the test opens. */
  const newcomer = async () => {
    const user = await signUp(betterAuth, 'Alice');
    return {
      ...user,
      ...otherDevice(taskward, user.token),
      opens: (freshToken = user.freshToken) => openPage(relay, taskward, freshToken),
    };
  };

  test('a list grows by its pages, and no task is there twice', async () => {
    const alice = await newcomer();
    for (const title of ['first', 'second', 'third', 'fourth', 'fifth']) await alice.writes(title);
    const app = alice.opens();

    await app.lists(2);
    assert.deepEqual(app.titles, ['fifth', 'fourth']);
    assert.equal(app.hasNext, true);
    await app.loadsNext(2);
    assert.deepEqual(app.titles, ['fifth', 'fourth', 'third', 'second']);
    await app.loadsNext(2);
    assert.deepEqual(app.titles, ['fifth', 'fourth', 'third', 'second', 'first']);
    assert.equal(app.hasNext, false);
  });

  test('a task is fetched again by its id alone', async () => {
    const alice = await newcomer();
    const { id } = await alice.writes('Buy oats');
    const app = alice.opens();
    await app.lists();
    await alice.ask(UPDATE, { input: { id, title: 'Buy rolled oats' } });

    await app.refetches(id);

    assert.deepEqual(app.titles, ['Buy rolled oats']);
  });

  test('a new task is at the top of the list', async () => {
    const alice = await newcomer();
    await alice.writes('Buy oats');
    const app = alice.opens();
    await app.lists();

    await app.commits(relay.createTaskMutation, {
      input: { title: 'Buy milk' },
      connections: [app.connection],
    });

    assert.deepEqual(app.titles, ['Buy milk', 'Buy oats']);
  });

  test('what an update answers changes the record', async () => {
    const alice = await newcomer();
    const { id } = await alice.writes('Buy oats');
    const app = alice.opens();
    await app.lists();

    await app.commits(relay.updateTaskMutation, { input: { id, completed: true } });

    const [task] = app.tasks;
    assert.deepEqual([task.id, task.title, task.completed], [id, 'Buy oats', true]);
  });

  test('a deleted task leaves the list and the store', async () => {
    const alice = await newcomer();
    const { id } = await alice.writes('Buy oats');
    await alice.writes('Buy milk');
    const app = alice.opens();
    await app.lists();
    assert.equal(app.record(id).title, 'Buy oats');

    await app.commits(relay.deleteTaskMutation, {
      input: { id },
      connections: [app.connection],
    });

    assert.deepEqual(app.titles, ['Buy milk']);
    assert.equal(app.record(id), null);
  });

  test('what was refused is told to the caller, with its code', async () => {
    const app = (await newcomer()).opens();

    const variables = { input: { title: '' }, connections: [] };
    await assert.rejects(app.commits(relay.createTaskMutation, variables), ([error]) => {
      assert.equal(error.extensions.code, 'BAD_USER_INPUT');
      assert.equal(error.extensions.field, 'input.title');
      return true;
    });
  });

  test('refused tokens are renewed by one question to the login', async () => {
    const alice = await newcomer();
    const { id } = await alice.writes('Buy oats');
    const now = Math.floor(Date.now() / 1000);
    const tokens = [await betterAuth.sign({ sub: alice.id, iat: now - 120, exp: now - 60 })];
    let asked = 0;
    const app = alice.opens(async () => {
      asked += 1;
      return tokens.shift() ?? alice.token;
    });

    await Promise.all([app.lists(), app.refetches(id)]);

    assert.deepEqual(app.titles, ['Buy oats']);
    assert.equal(asked, 2);
  });

  test('what other devices do is seen at once, and after the server was away', async () => {
    const alice = await newcomer();
    const [changed, trashed, gone] = [
      await alice.writes('To be changed'),
      await alice.writes('To be trashed'),
      await alice.writes('To be gone'),
    ];
    const app = alice.opens();
    await app.lists();
    await app.follows();

    await alice.ask(UPDATE, { input: { id: changed.id, title: 'Changed' } });
    await app.until(() => app.titles.includes('Changed'));
    await alice.ask(DELETE, { input: { id: trashed.id } });
    await app.until(() => !app.titles.includes('To be trashed'));
    assert.ok(Date.parse(app.record(trashed.id).deletedAt), 'in the trash');
    await alice.ask(DELETE, { input: { id: gone.id, permanently: true } });
    await app.until(() => app.record(gone.id) === null);
    assert.deepEqual(app.titles, ['Changed']);

    await taskward.restart();
    await alice.ask(UPDATE, { input: { id: changed.id, title: 'Changed meanwhile' } });
    await app.until(() => app.titles.includes('Changed meanwhile'));
    assert.deepEqual(app.titles, ['Changed meanwhile']);
  });

  test('what another device writes or restores takes its place in the list', async () => {
    const alice = await newcomer();
    const oats = await alice.writes('Buy oats');
    await alice.writes('Buy milk');
    const app = alice.opens();
    await app.lists();
    await app.follows();

    await alice.writes('From the phone');
    await app.until(() => app.titles.includes('From the phone'));
    assert.deepEqual(app.titles, ['From the phone', 'Buy milk', 'Buy oats']);

    await alice.ask(DELETE, { input: { id: oats.id } });
    await app.until(() => !app.titles.includes('Buy oats'));
    await alice.ask(RESTORE, { input: { id: oats.id } });
    await app.until(() => app.titles.includes('Buy oats'));
    assert.deepEqual(app.titles, ['From the phone', 'Buy milk', 'Buy oats']);

    await app.commits(relay.createTaskMutation, {
      input: { title: 'Of this page' },
      connections: [app.connection],
    });
    await alice.writes('The last');
    await app.until(() => app.titles.includes('The last'));
    const shown = ['The last', 'Of this page', 'From the phone', 'Buy milk', 'Buy oats'];
    assert.deepEqual(app.titles, shown, 'its own echo is not there twice');
  });

  test('what changes beyond the pages that are shown waits for its own page', async () => {
    const alice = await newcomer();
    const oats = await alice.writes('Buy oats');
    const milk = await alice.writes('Buy milk');
    const app = alice.opens();
    await app.lists(1);
    await app.follows();

    await alice.ask(UPDATE, { input: { id: oats.id, title: 'Buy rolled oats' } });
    await alice.ask(UPDATE, { input: { id: milk.id, title: 'Buy oat milk' } });
    await app.until(() => app.titles.includes('Buy oat milk'));
    assert.deepEqual(app.titles, ['Buy oat milk']);
    await app.loadsNext(1);
    assert.deepEqual(app.titles, ['Buy oat milk', 'Buy rolled oats']);
  });
});
