// A backend that shares Better Auth's secret signs tokens by hand. Better Auth signs other things
// with that secret too, and none of them lets anybody in.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';

import { startBetterAuth } from './harness/better-auth.mjs';
import { clients, graphqlRequest, post } from './harness/clients.mjs';
import { CREATE, TASK, VIEWER } from './harness/documents.mjs';
import { startTaskward } from './harness/taskward.mjs';
import { signUp } from './harness/users.mjs';

const betterAuth = await startBetterAuth({
  session: { cookieCache: { enabled: true, strategy: 'jwt' } },
});
const BETTER_AUTH_SECRET = betterAuth.secret;
const BETTER_AUTH_URL = betterAuth.origin;
const withSecret = await startTaskward({ BETTER_AUTH_SECRET });
const withBoth = await startTaskward({ BETTER_AUTH_SECRET, BETTER_AUTH_URL });
const alice = await signUp(betterAuth, 'Alice');

describe('a server that knows the secret alone', () => {
  for (const [name, connect] of Object.entries(clients)) {
    test(`takes a hand-signed token for the user in its subject, from ${name}`, async () => {
      const token = await signByHand({ email: alice.email, name: alice.name });

      const { viewer } = await connect(withSecret, token)(VIEWER);

      assert.deepEqual(viewer, {
        id: alice.id,
        email: alice.email,
        name: 'Alice',
        session: { issuer: null, expiresAt: new Date(decodeJwt(token).exp * 1000).toISOString() },
      });
    });
  }

  test('takes a token that says nothing but the subject', async () => {
    const { viewer } = await graphqlRequest(withSecret, await signByHand())(VIEWER);

    assert.equal(viewer.id, alice.id);
    assert.equal(viewer.email, null);
    assert.equal(viewer.name, null);
  });

  test('refuses a token that another secret signed', async () => {
    const token = await signByHand({}, 'another secret, which is long enough');

    await isRefused(withSecret, token, 'BAD_SIGNATURE');
  });

  test('refuses the token of the key pair, which it has no keys for', async () => {
    await isRefused(withSecret, alice.token, 'ALGORITHM_NOT_ALLOWED');
  });
});

describe('a server that knows the secret and the key set', () => {
  test('knows one user by both kinds of token', async () => {
    const frontEnd = graphqlRequest(withBoth, alice.token);
    const backend = graphqlRequest(withBoth, await signByHand());

    const { createTask } = await frontEnd(CREATE, { input: { title: 'Written in the browser' } });
    const { task } = await backend(TASK, { id: createTask.task.id });

    assert.equal(task.title, 'Written in the browser');
  });
});

for (const [knowing, taskward] of [
  ['the secret alone', withSecret],
  ['the secret and the key set', withBoth],
]) {
  describe(`what else Better Auth signs lets nobody in at a server that knows ${knowing}:`, () => {
    test('the token in a mailed link', async () => {
      const token = betterAuth.linkTokenFor(alice);
      assert.equal((await signedWithSecret(token)).email, alice.email);

      await isRefused(taskward, token, 'SUBJECT_MISSING');
    });

    test('the session that is cached in a cookie', async () => {
      const token = alice.cookie('better-auth.session_data');
      assert.equal((await signedWithSecret(token)).user.id, alice.id);

      await isRefused(taskward, token, 'SUBJECT_MISSING');
    });
  });
}

/** A token for Alice as a backend makes it: HS256, the secret's text as the key. */
function signByHand(claims = {}, secret = BETTER_AUTH_SECRET) {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(alice.id)
    .setIssuedAt()
    .setExpirationTime('15m')
    .sign(bytes(secret));
}

/** The claims of a token whose signature is good: so it is not refused for that. */
async function signedWithSecret(token) {
  assert.equal(decodeProtectedHeader(token).alg, 'HS256');
  const { payload } = await jwtVerify(token, bytes(BETTER_AUTH_SECRET));
  return payload;
}

async function isRefused(taskward, token, reason) {
  const response = await post(taskward, token, VIEWER);
  assert.equal(response.status, 401);
  const [error] = (await response.json()).errors;
  assert.equal(error.extensions.code, 'UNAUTHENTICATED');
  assert.equal(error.extensions.reason, reason);
}

function bytes(text) {
  return new TextEncoder().encode(text);
}
