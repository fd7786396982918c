// How a front end learns that its token is no longer good, or never was.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';

import { startBetterAuth } from './harness/better-auth.mjs';
import { graphqlRequest, post, urql } from './harness/clients.mjs';
import { CREATE, VIEWER } from './harness/documents.mjs';
import { startTaskward } from './harness/taskward.mjs';
import { signUp } from './harness/users.mjs';

const betterAuth = await startBetterAuth({
  session: { cookieCache: { enabled: true, strategy: 'jwt' } },
  sessionCookieCache: true,
});
const elsewhere = await startBetterAuth();
const taskward = await startTaskward({ BETTER_AUTH_URL: betterAuth.origin });
const alice = await signUp(betterAuth, 'Alice');
const mallory = await signUp(elsewhere, 'Mallory');

const now = Math.floor(Date.now() / 1000);
const HOUR = 60 * 60;

describe('a user of urql', () => {
  for (const preferGetMethod of [false, true]) {
    const method = preferGetMethod ? 'GET' : 'POST';

    test(`sees status, code and reason when the token has expired, by ${method}`, async () => {
      const { data, error } = await urql(taskward, await expired(), { preferGetMethod })
        .query(VIEWER)
        .toPromise();

      assert.equal(data, undefined);
      assert.equal(error.networkError, undefined);
      assert.equal(new URL(error.response.url).searchParams.has('query'), preferGetMethod);
      assert.equal(error.response.status, 401);
      assert.equal(error.graphQLErrors.length, 1);
      assert.equal(error.graphQLErrors[0].extensions.code, 'UNAUTHENTICATED');
      assert.equal(error.graphQLErrors[0].extensions.reason, 'TOKEN_EXPIRED');
    });

    test(`sees them when there is no token, by ${method}`, async () => {
      const { error } = await urql(taskward, undefined, { preferGetMethod })
        .query(VIEWER)
        .toPromise();

      assert.equal(error.response.status, 401);
      assert.equal(error.graphQLErrors[0].extensions.code, 'UNAUTHENTICATED');
      assert.equal(error.graphQLErrors[0].extensions.reason, 'TOKEN_MISSING');
    });
  }

  test('sees them when a mutation is refused, and nothing is written', async () => {
    const input = { title: 'Never written' };
    const { data, error } = await urql(taskward, await expired())
      .mutation(CREATE, { input })
      .toPromise();

    assert.equal(data, undefined);
    assert.equal(error.response.status, 401);
    assert.equal(error.graphQLErrors[0].extensions.reason, 'TOKEN_EXPIRED');
    const { tasks } = await graphqlRequest(taskward, alice.token)('{ tasks { totalCount } }');
    assert.equal(tasks.totalCount, 0);
  });
});

test('a user of graphql-request sees status, code and reason', async () => {
  const ask = graphqlRequest(taskward, await expired());

  await assert.rejects(ask(VIEWER), ({ response }) => {
    assert.equal(response.status, 401);
    assert.equal(response.errors[0].extensions.code, 'UNAUTHENTICATED');
    assert.equal(response.errors[0].extensions.reason, 'TOKEN_EXPIRED');
    return true;
  });
});

describe('the answer', () => {
  test('asks for a token where there is none', async () => {
    const response = await post(taskward, undefined, VIEWER);

    assert.equal(response.status, 401);
    assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="tasks"');
  });

  test('says that a token was refused, and what to read about it', async () => {
    const response = await post(taskward, await expired(), VIEWER);

    assert.equal(response.status, 401);
    assert.match(
      response.headers.get('www-authenticate'),
      /^Bearer realm="tasks", error="invalid_token", error_description="[^"]+"$/,
    );
  });

  test('needs no token for what is public', async () => {
    const response = await post(taskward, undefined, '{ __typename }');

    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { data: { __typename: 'Query' } });
  });
});

describe('nobody gets in with', () => {
  for (const [what, reason, token] of [
    ['the opaque token of the session', 'TOKEN_MALFORMED', () => alice.sessionToken],
    ['the cookie of the session', 'TOKEN_MALFORMED', () => cookie('session_token')],
    ['the session cached in a cookie', 'TOKEN_MALFORMED', () => sessionInCookie()],
    ['a token of another Better Auth', 'UNKNOWN_KEY', () => mallory.token],
    ['a token whose claims were changed', 'BAD_SIGNATURE', () => withSubject(mallory.id)],
    ['a token that a guessed secret signed', 'ALGORITHM_NOT_ALLOWED', () => signedWith('guess')],
    ['a token without a signature', 'ALGORITHM_NOT_ALLOWED', () => unsigned()],
    ['a token for another issuer', 'WRONG_ISSUER', () => sign({ iss: elsewhere.origin })],
    ['a token for another audience', 'WRONG_AUDIENCE', () => sign({ aud: elsewhere.origin })],
    ['a token of tomorrow', 'TOKEN_NOT_YET_VALID', () => sign({ nbf: now + HOUR })],
    ['a token for nobody', 'SUBJECT_MISSING', () => sign({ sub: undefined })],
  ]) {
    test(what, async () => {
      const response = await post(taskward, await token(), VIEWER);

      assert.equal(response.status, 401);
      const { data, errors } = await response.json();
      assert.equal(data, undefined);
      assert.equal(errors[0].extensions.code, 'UNAUTHENTICATED');
      assert.equal(errors[0].extensions.reason, reason);
    });
  }
});

test('Alice gets in with what Better Auth signs for her', async () => {
  const { viewer } = await graphqlRequest(taskward, await sign())(VIEWER);

  assert.equal(viewer.id, alice.id);
});

/** A token for Alice that Better Auth really signed, with these claims. */
function sign(claims) {
  return betterAuth.sign({ sub: alice.id, iat: now, ...claims });
}

function expired() {
  return sign({ iat: now - 2 * HOUR, exp: now - HOUR });
}

function cookie(name) {
  return alice.cookie(`better-auth.${name}`);
}

/** Signed by the same keys as a token, and with a subject: its type alone gives it away. */
function sessionInCookie() {
  const token = cookie('session_data');
  assert.equal(decodeProtectedHeader(token).kid, decodeProtectedHeader(alice.token).kid);
  assert.equal(decodeJwt(token).sub, alice.id);
  return token;
}

function withSubject(sub) {
  const [header, payload, signature] = alice.token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url'));
  return [header, base64url({ ...claims, sub }), signature].join('.');
}

function signedWith(secret) {
  return new SignJWT(decodeJwt(alice.token))
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
}

function unsigned() {
  return `${base64url({ alg: 'none' })}.${alice.token.split('.')[1]}.`;
}

function base64url(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
