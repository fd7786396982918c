// What users see of what happens elsewhere, through graphql-ws.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startBetterAuth } from './harness/better-auth.mjs';
import { graphqlRequest } from './harness/clients.mjs';
import { CHANGES, CREATE, SIGN_OUT, TASKS, UPDATE } from './harness/documents.mjs';
import { graphqlWs } from './harness/live.mjs';
import { onEachDatabase } from './harness/scenes.mjs';
import { signUp } from './harness/users.mjs';

const betterAuth = await startBetterAuth();

await onEachDatabase(betterAuth, (taskward) => {
  /** A user with a device that writes, and as many that follow as the test opens. */
  const newcomer = async (name = 'Alice') => {
    const user = await signUp(betterAuth, name);
    const ask = graphqlRequest(taskward, user.token);
    return {
      ...user,
      ask,
      opens: (token = () => user.token, options) => graphqlWs(taskward, token, options),
      writes: async (title) => (await ask(CREATE, { input: { title } })).createTask,
      /** A token of hers that lives so many seconds. */
      briefToken: (seconds) => {
        const iat = Math.floor(Date.now() / 1000);
        return betterAuth.sign({ sub: user.id, iat, exp: iat + seconds });
      },
    };
  };

  test('a follower sees what another device writes, and may begin at any cursor', async () => {
    const alice = await newcomer();
    const before = (await alice.ask(CHANGES)).changes.cursor;

    const fromNow = alice.opens().follow();
    await fromNow.begins();
    const { task } = await alice.writes('Buy milk');
    await fromNow.hears('Buy milk');
    const fromThen = alice.opens().follow(before);
    await fromThen.hears('Buy milk');

    assert.deepEqual(fromNow.pages[0].changes, [], 'the first page comes at once');
    assert.deepEqual(fromThen.changes, fromNow.changes);
    const [{ cursor, ...change }] = fromNow.changes;
    const node = { title: 'Buy milk', completed: false };
    assert.deepEqual(change, { kind: 'UPSERT', id: task.id, type: 'Task', node });
    assert.equal(fromNow.cursor, fromThen.cursor);
  });

  test('a device knows its own echo by the cursor of its mutation', async () => {
    const alice = await newcomer();
    const following = alice.opens().follow();
    await following.begins();

    const own = await alice.writes('Mine');
    await graphqlRequest(taskward, await alice.freshToken())(CREATE, {
      input: { title: 'From the phone' },
    });
    await following.hears('From the phone');

    const others = following.changes.filter(({ cursor }) => cursor !== own.cursor);
    assert.deepEqual(
      others.map(({ node }) => node.title),
      ['From the phone'],
    );
  });

  test('both tabs of a user see a change, and nobody else does', async () => {
    const [alice, bob] = [await newcomer('Alice'), await newcomer('Bob')];
    const [one, other, bobs] = [alice, alice, bob].map((user) => user.opens().follow());
    await Promise.all([one, other, bobs].map((following) => following.begins()));

    await alice.writes('Of Alice');
    await Promise.all([one.hears('Of Alice'), other.hears('Of Alice')]);
    await bob.writes('Of Bob');
    await bobs.hears('Of Bob');
    await alice.writes('The last');
    await Promise.all([one.hears('The last'), other.hears('The last')]);

    assert.deepEqual(bobs.titles, ['Of Bob']);
    assert.deepEqual(one.titles, ['Of Alice', 'The last']);
    assert.deepEqual(other.titles, one.titles);
  });

  test('queries and mutations go over the socket too', async () => {
    const alice = await newcomer();
    const socket = alice.opens();
    const following = socket.follow();
    await following.begins();

    const { createTask } = await socket.ask(CREATE, { input: { title: 'By socket' } });
    await following.hears('By socket');
    const { tasks } = await socket.ask(TASKS, {});

    assert.deepEqual(tasks.nodes, [{ id: createTask.task.id, title: 'By socket' }]);
    assert.deepEqual(socket.closes, [], 'all of it over one socket');
  });

  test('an error of one operation leaves the others alone', async () => {
    const alice = await newcomer();
    const socket = alice.opens();
    const following = socket.follow();
    await following.begins();

    await assert.rejects(socket.ask('{ nothing }'), (errors) => {
      assert.equal(errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
      return true;
    });
    await assert.rejects(socket.ask(CREATE, { input: { title: '' } }), ({ errors }) => {
      assert.equal(errors[0].extensions.field, 'input.title');
      return true;
    });

    await alice.writes('Still told');
    await following.hears('Still told');
  });

  test('a client whose token expires comes back with the next, and misses nothing', async () => {
    const alice = await newcomer();
    const tokens = [await alice.briefToken(2)];
    let asked = 0;
    // The token of the login lives on, so the device that writes is not disturbed.
    const socket = alice.opens(async () => {
      asked += 1;
      if (asked === 2) await alice.writes('While away');
      return tokens.shift() ?? alice.freshToken();
    });
    const following = socket.follow();
    await following.begins();
    await alice.writes('Before');

    await following.hears('While away');
    await alice.writes('After');
    await following.hears('After');

    assert.deepEqual(socket.closes, [{ code: 4403, reason: 'TOKEN_EXPIRED' }]);
    assert.equal(asked, 2);
    assert.deepEqual(following.titles, ['Before', 'While away', 'After']);
  });

  test('signing out closes the socket, and a new login comes back', async () => {
    const alice = await newcomer();
    const socket = alice.opens(() => alice.freshToken(), { retryAttempts: Infinity });
    const following = socket.follow();
    await following.begins();
    await alice.writes('Before');
    await following.hears('Before');

    await alice.ask(SIGN_OUT, { input: { everywhere: true } });
    const close = await socket.untilClosed();
    // Better Auth still knows her: once the second is over, its tokens are let in again.
    const after = graphqlWs(taskward, () => alice.freshToken(), { retryAttempts: Infinity });
    await after.ask(CREATE, { input: { title: 'After' } });
    await following.hears('After');

    assert.deepEqual(close, { code: 4403, reason: 'REVOKED' });
    assert.deepEqual(following.titles, ['Before', 'After']);
    await assert.rejects(alice.writes('By the token of before'), ({ response }) => {
      assert.equal(response.errors[0].extensions.reason, 'REVOKED');
      return true;
    });
  });

  test('a token for reading follows and reads, and writes nothing', async () => {
    const alice = await newcomer();
    const iat = Math.floor(Date.now() / 1000);
    const readOnly = await betterAuth.sign({ sub: alice.id, iat, scope: 'tasks:read' });
    const socket = alice.opens(() => readOnly);
    const following = socket.follow();
    await following.begins();

    await assert.rejects(socket.ask(CREATE, { input: { title: 'Never' } }), ({ errors }) => {
      assert.equal(errors[0].extensions.code, 'FORBIDDEN');
      return true;
    });
    await assert.rejects(
      graphqlRequest(taskward, readOnly)(CREATE, { input: { title: 'Never' } }),
      ({ response }) => {
        assert.equal(response.status, 403);
        assert.equal(response.errors[0].extensions.code, 'FORBIDDEN');
        return true;
      },
    );

    await alice.writes('Told all the same');
    await following.hears('Told all the same');
    assert.deepEqual((await socket.ask(TASKS, {})).tasks.totalCount, 1);
  });

  test('a restart of the server loses nothing and repeats nothing', async () => {
    const alice = await newcomer();
    let written;
    const token = async () => {
      await written;
      return alice.token;
    };
    // A server that is not back yet is no close event, but an error.
    const options = { shouldRetry: () => true, retryAttempts: Infinity };
    const socket = alice.opens(token, options);
    const following = socket.follow();
    await following.begins();
    const { task } = await alice.writes('Before');
    await following.hears('Before');

    let goOn;
    written = new Promise((resolve) => (goOn = resolve));
    await taskward.restart();
    await alice.writes('After');
    await alice.ask(UPDATE, { input: { id: task.id, title: 'Before, but changed' } });
    goOn();
    await following.hears('Before, but changed');

    assert.equal((await socket.untilClosed()).code, 1012);
    const told = following.changes.map(({ cursor }) => cursor);
    assert.equal(new Set(told).size, told.length, 'nothing twice');
    assert.deepEqual(following.titles, ['Before', 'After', 'Before, but changed']);
  });
});
