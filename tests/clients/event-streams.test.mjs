// What users see of what happens elsewhere, through the event streams (SSE) of urql.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startBetterAuth } from './harness/better-auth.mjs';
import { graphqlRequest, urql } from './harness/clients.mjs';
import { CREATE } from './harness/documents.mjs';
import { followByUrql } from './harness/live.mjs';
import { startTaskward } from './harness/taskward.mjs';
import { signUp } from './harness/users.mjs';

const betterAuth = await startBetterAuth();
const taskward = await startTaskward({ BETTER_AUTH_URL: betterAuth.origin });

test('a follower sees what another device writes, and nobody else does', async () => {
  const [alice, bob] = [await newcomer('Alice'), await newcomer('Bob')];
  const [hers, his] = [alice.follows(), bob.follows()];
  await Promise.all([hers.begins(), his.begins()]);

  const { cursor } = await alice.writes('Of Alice');
  await hers.hears('Of Alice');
  await bob.writes('Of Bob');
  await his.hears('Of Bob');

  assert.deepEqual(hers.titles, ['Of Alice']);
  assert.deepEqual(his.titles, ['Of Bob']);
  assert.equal(hers.changes[0].cursor, cursor, 'the echo of the mutation');
});

test('a stream that is opened again at the last cursor misses nothing', async () => {
  const alice = await newcomer('Alice');
  const before = alice.follows();
  await before.begins();
  await alice.writes('Before');
  await before.hears('Before');

  await taskward.restart();
  await before.until(() => before.isOver);
  await alice.writes('Meanwhile');
  const after = alice.follows(before.cursor);
  await after.hears('Meanwhile');

  assert.deepEqual(after.titles, ['Meanwhile']);
});

test('a stream ends with its token', async () => {
  const alice = await newcomer('Alice');
  const iat = Math.floor(Date.now() / 1000);
  const brief = await betterAuth.sign({ sub: alice.id, iat, exp: iat + 2 });
  const following = alice.follows(null, brief);
  await following.begins();

  await following.until(() => following.isOver);
});

async function newcomer(name) {
  const { id, token } = await signUp(betterAuth, name);
  const ask = graphqlRequest(taskward, token);
  return {
    id,
    writes: async (title) => (await ask(CREATE, { input: { title } })).createTask,
    follows: (since, as = token) =>
      followByUrql(urql(taskward, as, { fetchSubscriptions: true }), since),
  };
}
