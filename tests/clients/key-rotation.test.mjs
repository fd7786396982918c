// Better Auth changes its signing key while users are at work, and none of them notices.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { decodeProtectedHeader } from 'jose';

import { startBetterAuth } from './harness/better-auth.mjs';
import { post, urql } from './harness/clients.mjs';
import { VIEWER } from './harness/documents.mjs';
import { startTaskward } from './harness/taskward.mjs';
import { signUp } from './harness/users.mjs';

const scenes = await Promise.all([
  setScene('EdDSA'), // what Better Auth signs with when nothing is said
  setScene('ES256', { alg: 'ES256' }),
]);

for (const { algorithm, betterAuth, taskward, alice } of scenes) {
  describe(`a user whose tokens are signed with ${algorithm}`, () => {
    // One story: each test goes on where the one before it ended.
    let before, next, last;

    test('is let in', async () => {
      before = signed(alice.token);
      assert.equal(before.algorithm, algorithm);

      await isLetIn(before);
    });

    test('is let in at once with a token of the next key', async () => {
      await betterAuth.retireKey(before.kid);
      next = signed(await alice.freshToken());
      assert.notEqual(next.kid, before.kid);
      assert.equal(next.algorithm, algorithm);

      await isLetIn(next);
    });

    test('is let in with the token of the key before while Better Auth names it', async () => {
      await isLetIn(before);
    });

    test('is sent to log in again once Better Auth names it no longer', async () => {
      await betterAuth.withdrawKey(before.kid);
      // The next unknown key makes the server look at the key set again.
      await betterAuth.retireKey(next.kid);
      last = signed(await alice.freshToken());
      assert.notEqual(last.kid, next.kid);
      await isLetIn(last);

      const response = await post(taskward, before.token, VIEWER);
      assert.equal(response.status, 401);
      const [error] = (await response.json()).errors;
      assert.equal(error.extensions.reason, 'UNKNOWN_KEY');

      await isLetIn(next);
      await isLetIn(last);
    });

    async function isLetIn({ token }) {
      const { data, error } = await urql(taskward, token).query(VIEWER).toPromise();
      assert.ifError(error);
      assert.equal(data.viewer.id, alice.id);
    }
  });
}

async function setScene(algorithm, keyPairConfig) {
  const betterAuth = await startBetterAuth({ keyPairConfig });
  const taskward = await startTaskward({ BETTER_AUTH_URL: betterAuth.origin });
  const alice = await signUp(betterAuth, 'Alice');
  return { algorithm, betterAuth, taskward, alice };
}

function signed(token) {
  const { alg, kid } = decodeProtectedHeader(token);
  return { token, kid, algorithm: alg };
}
