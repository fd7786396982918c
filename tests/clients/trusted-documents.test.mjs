// Trusted documents: what the compilers of a front end wrote runs by its id, and nothing else does.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { startBetterAuth } from './harness/better-auth.mjs';
import { compileCodegen } from './harness/codegen.mjs';
import { graphqlWs } from './harness/live.mjs';
import { compileRelay, openPage } from './harness/relay.mjs';
import { onEachDatabase } from './harness/scenes.mjs';
import { signUp } from './harness/users.mjs';

const relay = compileRelay('relay.production.config.json');
const codegen = compileCodegen();
const both = 'trusted-documents.json';
codegen.write(both, JSON.stringify({ ...codegen.persisted, ...relay.persisted }));

const betterAuth = await startBetterAuth();
const alice = await signUp(betterAuth, 'Alice');
const settings = { TASKWARD_TRUSTED_DOCUMENTS: join(codegen.folder, both) };

const tell = (taskward) => {
  /** Asks with the token of Alice. */
  async function ask(method, request) {
    const url = new URL(taskward.graphql);
    const headers = { authorization: `Bearer ${alice.token}`, 'content-type': 'application/json' };
    if (method === 'POST') {
      const response = await fetch(url, { method, headers, body: JSON.stringify(request) });
      return response.json();
    }
    for (const [name, value] of Object.entries(request)) {
      url.searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value));
    }
    return (await fetch(url, { headers })).json();
  }

  test('clients of Relay and of graphql-codegen run their documents by id', async () => {
    const page = openPage(relay, taskward, alice.freshToken);
    await page.lists();
    await page.follows();
    await page.commits(relay.createTaskMutation, {
      input: { title: 'Buy oats' },
      connections: [page.connection],
    });
    const api = codegen.load('tasks').createApi(taskward.graphql, alice.freshToken, true);

    const { nodes } = await api.tasks();
    await api.updateTask({ id: nodes[0].id, title: 'Buy rolled oats' });

    assert.equal(nodes[0].title, 'Buy oats');
    await page.until(() => page.titles.includes('Buy rolled oats'));
  });

  describe('an attacker with a good token runs nothing of their own', () => {
    const query = '{ viewer { email } }';
    const sha256Hash = createHash('sha256').update(query).digest('hex');
    const persistedQuery = { version: 1, sha256Hash };
    const [[id, trusted]] = Object.entries(relay.persisted);

    for (const [what, request] of [
      ['sent', { query }],
      ['sent with its hash', { query, extensions: { persistedQuery } }],
      ['named by its hash', { extensions: { persistedQuery } }],
      ['named by an id of its own', { documentId: sha256Hash }],
      ['sent beside the id of another', { query, documentId: id }],
      ['sent under the hash of another', {
        query,
        extensions: { persistedQuery: { version: 1, sha256Hash: id } },
      }],
      ['that another begins with', {
        query: `${trusted} query Own ${query}`,
        operationName: 'Own',
      }],
    ]) {
      test(`a document ${what}`, async () => {
        const overPost = await ask('POST', request);
        const overGet = await ask('GET', request);

        for (const { data, errors } of [overPost, overGet]) {
          assert.equal(data, undefined);
          assert.match(errors[0].extensions.code, /^(BAD_USER_INPUT|PERSISTED_QUERY_NOT_FOUND)$/);
        }
      });
    }

    test('a document over the socket', async () => {
      const socket = graphqlWs(taskward, alice.freshToken);

      await assert.rejects(socket.ask(query), ([error]) => {
        assert.equal(error.extensions.code, 'BAD_USER_INPUT');
        return true;
      });
    });
  });
};

await onEachDatabase(betterAuth, tell, settings);
