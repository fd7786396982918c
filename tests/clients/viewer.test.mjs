// Who Better Auth says the user is, the server says too.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { decodeJwt } from 'jose';

import { startBetterAuth } from './harness/better-auth.mjs';
import { clients } from './harness/clients.mjs';
import { NODE, VIEWER } from './harness/documents.mjs';
import { startTaskward } from './harness/taskward.mjs';
import { signUp } from './harness/users.mjs';

const betterAuth = await startBetterAuth();
const taskward = await startTaskward({ BETTER_AUTH_URL: betterAuth.origin });
const alice = await signUp(betterAuth, 'Alice');

for (const [name, connect] of Object.entries(clients)) {
  describe(`a user of ${name}`, () => {
    test('is the user who logged in', async () => {
      const { viewer } = await connect(taskward, alice.token)(VIEWER);

      const { sub, exp } = decodeJwt(alice.token);
      assert.equal(sub, alice.id);
      assert.deepEqual(viewer, {
        id: alice.id,
        email: alice.email,
        name: 'Alice',
        session: {
          issuer: betterAuth.origin,
          expiresAt: new Date(exp * 1000).toISOString(),
        },
      });
    });

    test('is the same with the token that comes beside the session', async () => {
      const token = await alice.tokenBesideSession();

      const { viewer } = await connect(taskward, token)(VIEWER);

      assert.equal(viewer.id, alice.id);
    });

    test('is found as a node by that id', async () => {
      const { node } = await connect(taskward, alice.token)(NODE, { id: alice.id });

      assert.deepEqual(node, { __typename: 'User', id: alice.id, name: 'Alice' });
    });
  });
}
