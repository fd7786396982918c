// GraphQL over HTTP to the letter: the audits of graphql-http, all that a server MUST, SHOULD and
// MAY do.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { serverAudits } from 'graphql-http';

import { startBetterAuth } from './harness/better-auth.mjs';
import { onEachDatabase } from './harness/scenes.mjs';
import { signUp } from './harness/users.mjs';

const betterAuth = await startBetterAuth();
const alice = await signUp(betterAuth, 'Alice');
const clients = [
  ['without a token', fetch],
  ['with a token', fetchAs(alice.token)],
];

const askAll = (taskward) => {
  for (const [who, fetchFn] of clients) {
    describe(`${who}, a server`, () => {
      const audits = serverAudits({ url: taskward.graphql, fetchFn });

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
};
// One of the audits asks for a type.
await onEachDatabase(betterAuth, askAll, { TASKWARD_INTROSPECTION: 'true' });

/** `fetch` by somebody who has logged in. */
function fetchAs(token) {
  return (url, { headers, ...request } = {}) =>
    fetch(url, { ...request, headers: { ...headers, authorization: `Bearer ${token}` } });
}

/** What the server said, where the audit has not read it itself. */
function textOf(response) {
  return response && !response.bodyUsed ? response.text() : '';
}
