// The WebSocket without any client: with which code and reason each end comes.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';

import { decodeJwt, SignJWT } from 'jose';
import WebSocket from 'ws';

import { startBetterAuth } from './harness/better-auth.mjs';
import { graphqlRequest } from './harness/clients.mjs';
import { FOLLOW, SIGN_OUT } from './harness/documents.mjs';
import { onEachDatabase } from './harness/scenes.mjs';
import { signUp } from './harness/users.mjs';

/** How long an end may take, in milliseconds: the server waits ten seconds for an introduction. */
const PATIENCE = 20_000;

const now = Math.floor(Date.now() / 1000);
const HOUR = 60 * 60;
const MAX_SOCKETS = 3;

const betterAuth = await startBetterAuth();
const elsewhere = await startBetterAuth();
const alice = await signUp(betterAuth, 'Alice');
const mallory = await signUp(elsewhere, 'Mallory');

const tell = (taskward) => {
  /** Opens a socket that has not introduced itself. */
  async function open(protocol = 'graphql-transport-ws') {
    const socket = new WebSocket(taskward.graphql.replace('http', 'ws'), protocol);
    const signal = AbortSignal.timeout(PATIENCE);
    const end = once(socket, 'close', { signal });
    end.catch(() => {});
    await once(socket, 'open', { signal });
    return {
      says: (message) => socket.send(isRaw(message) ? message : JSON.stringify(message)),
      async hears() {
        const [message] = await Promise.race([once(socket, 'message', { signal }), failsWith(end)]);
        return JSON.parse(message);
      },
      ends: async () => {
        const [code, reason] = await end;
        return [code, String(reason)];
      },
    };
  }

  /** Opens a socket, and waits until it is let in. */
  async function openAs(authorization) {
    const socket = await open();
    socket.says({ type: 'connection_init', payload: { authorization } });
    assert.deepEqual(await socket.hears(), { type: 'connection_ack' });
    return socket;
  }

  async function signedOut() {
    const bob = await signUp(betterAuth, 'Bob');
    await signOut(bob);
    return bob;
  }

  function signOut({ token }) {
    return graphqlRequest(taskward, token)(SIGN_OUT, { input: {} });
  }

  const silentEnd = open().then((socket) => socket.ends()); // meanwhile, the other tests run

  describe('a token ends a socket by 4403 and its reason', () => {
    for (const [what, reason, authorization] of [
      ['where there is none', 'TOKEN_MISSING', () => undefined],
      ['of another scheme', 'TOKEN_MALFORMED', () => `Basic ${alice.token}`],
      ['that is the session', 'TOKEN_MALFORMED', () => bearer(alice.sessionToken)],
      ['signed by a guess', 'ALGORITHM_NOT_ALLOWED', async () => bearer(await guessed())],
      ['of another Better Auth', 'UNKNOWN_KEY', () => bearer(mallory.token)],
      ['whose claims were changed', 'BAD_SIGNATURE', () => bearer(changed())],
      ['that has expired', 'TOKEN_EXPIRED', () => signed({ iat: now - HOUR, exp: now - 1 })],
      ['of tomorrow', 'TOKEN_NOT_YET_VALID', () => signed({ nbf: now + HOUR })],
      ['for another issuer', 'WRONG_ISSUER', () => signed({ iss: elsewhere.origin })],
      ['for another audience', 'WRONG_AUDIENCE', () => signed({ aud: elsewhere.origin })],
      ['for nobody', 'SUBJECT_MISSING', () => signed({ sub: undefined })],
      ['whose user has signed out', 'REVOKED', async () => bearer((await signedOut()).token)],
    ]) {
      test(what, async () => {
        const socket = await open();
        socket.says({ type: 'connection_init', payload: { authorization: await authorization() } });

        assert.deepEqual(await socket.ends(), [4403, reason]);
      });
    }

    test('that expires meanwhile', async () => {
      const iat = Math.floor(Date.now() / 1000);
      const socket = await openAs(await signed({ iat, exp: iat + 5 }));

      assert.deepEqual(await socket.ends(), [4403, 'TOKEN_EXPIRED']);
    });

    test('whose user signs out meanwhile', async () => {
      const bob = await signUp(betterAuth, 'Bob');
      const socket = await openAs(bearer(bob.token));
      await signOut(bob);

      assert.deepEqual(await socket.ends(), [4403, 'REVOKED']);
    });
  });

  describe('a breach of the protocol has its code', () => {
    const subscribe = { id: '1', type: 'subscribe', payload: { query: FOLLOW } };
    const init = { type: 'connection_init' };

    for (const [what, code, messages] of [
      ['text that is no message', 4400, ['{']],
      ['a message of no known type', 4400, [{ type: 'start' }]],
      ['a message that is binary', 4400, [Buffer.from('{}')]],
      ['an operation without a document', 4400, [{ ...subscribe, payload: {} }]],
      ['an operation under an id in use', 4409, [subscribe, subscribe]],
      ['a second introduction', 4429, [init]],
    ]) {
      test(`${what}: ${code}`, async () => {
        const socket = await openAs(bearer(alice.token));
        for (const message of messages) socket.says(message);

        assert.equal((await socket.ends())[0], code);
      });
    }

    test('an operation before the introduction: 4401', async () => {
      const socket = await open();
      socket.says(subscribe);

      assert.equal((await socket.ends())[0], 4401);
    });

    for (const [what, protocol] of [
      ['another subprotocol', 'graphql-ws'],
      ['no subprotocol', []],
    ]) {
      test(`${what}: 4406`, async () => {
        const socket = await open(protocol);

        assert.equal((await socket.ends())[0], 4406);
      });
    }
  });

  describe('the server ends a socket, which may come back,', () => {
    test('where a user has too many: 1013', async () => {
      const bob = await signUp(betterAuth, 'Bob');
      for (let sockets = 0; sockets < MAX_SOCKETS; sockets++) await openAs(bearer(bob.token));
      const another = await open();
      another.says({ type: 'connection_init', payload: { authorization: bearer(bob.token) } });

      assert.equal((await another.ends())[0], 1013);
    });

    test('where it does not introduce itself: 4408', async () => {
      assert.equal((await silentEnd)[0], 4408);
    });

    test('when it stops: 1012', async () => {
      const sockets = [await open(), await openAs(bearer(alice.token))];
      const ends = sockets.map((socket) => socket.ends());
      await taskward.restart();

      for (const [code] of await Promise.all(ends)) assert.equal(code, 1012);
    });
  });
};

await onEachDatabase(betterAuth, tell, { TASKWARD_MAX_SOCKETS_PER_USER: String(MAX_SOCKETS) });

/** Fails once a socket has ended. */
async function failsWith(end) {
  assert.fail(`closed meanwhile: ${(await end).join(' ')}`);
}

function isRaw(message) {
  return typeof message === 'string' || Buffer.isBuffer(message);
}

function bearer(token) {
  return `Bearer ${token}`;
}

/** A token for Alice that Better Auth really signed, with these claims. */
async function signed(claims) {
  return bearer(await betterAuth.sign({ sub: alice.id, iat: now, ...claims }));
}

function guessed() {
  return new SignJWT(decodeJwt(alice.token))
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode('guess'));
}

function changed() {
  const [header, , signature] = alice.token.split('.');
  const claims = { ...decodeJwt(alice.token), sub: mallory.id };
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
}
