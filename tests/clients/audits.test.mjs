// GraphQL over HTTP to the letter: the audits of graphql-http, all that a server MUST, SHOULD and
// MAY do.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { serverAudits } from 'graphql-http';

import { startBetterAuth } from './harness/better-auth.mjs';
import { startPostgres } from './harness/postgres.mjs';
import { startTaskward } from './harness/taskward.mjs';
import { signUp } from './harness/users.mjs';

const betterAuth = await startBetterAuth();
const alice = await signUp(betterAuth, 'Alice');
const postgres = await startPostgres();
const scenes = [await setScene('SQLite')];
if (postgres) scenes.push(await setScene('PostgreSQL', { DATABASE_URL: postgres }));
else test('on PostgreSQL', { skip: 'PostgreSQL is not installed (no initdb was found)' }, () => {});

for (const { database, url } of scenes) {
  for (const [who, fetchFn] of [
    ['without a token', fetch],
    ['with a token', fetchAs(alice.token)],
  ]) {
    describe(`on ${database}, ${who}, a server`, () => {
      const audits = serverAudits({ url, fetchFn });

      for (const { id, name, fn } of audits) {
        test(`${name} (${id})`, async () => {
          const { status, reason, response } = await fn();

          assert.equal(status, 'ok', `${reason}: ${response?.status} ${await textOf(response)}`);
        });
      }

      test('is asked all of it', () => {
        assert.equal(new Set(audits.map(({ id }) => id)).size, 61);
      });
    });
  }
}

async function setScene(database, settings) {
  // One of the audits asks for a type.
  const taskward = await startTaskward({
    BETTER_AUTH_URL: betterAuth.origin,
    TASKWARD_INTROSPECTION: 'true',
    ...settings,
  });
  return { database, url: taskward.graphql };
}

/** `fetch` by somebody who has logged in. */
function fetchAs(token) {
  return (url, { headers, ...request } = {}) =>
    fetch(url, { ...request, headers: { ...headers, authorization: `Bearer ${token}` } });
}

/** What the server said, where the audit has not read it itself. */
function textOf(response) {
  return response && !response.bodyUsed ? response.text() : '';
}
