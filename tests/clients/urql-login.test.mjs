// urql and the login: what a refusal looks like, tokens that are renewed, hashed queries.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { gql } from '@urql/core';

import { explain } from './examples/errors.mjs';
import { createUrql } from './examples/urql-client.mjs';
import { buyMilk } from './examples/urql-first.mjs';
import { createTask, updateTask } from './examples/urql-tasks.mjs';
import { startBetterAuth } from './harness/better-auth.mjs';
import { graphqlRequest } from './harness/clients.mjs';
import { CREATE_TAG, SIGN_OUT } from './harness/documents.mjs';
import { onEachDatabase } from './harness/scenes.mjs';
import { introspect } from './harness/schema.mjs';
import { freePort, startTaskward } from './harness/taskward.mjs';
import { signUp, signUpForTokens } from './harness/users.mjs';
import { refuseWarnings, requestsDuring } from './harness/wire.mjs';

const VIEWER = gql`query Viewer { viewer { id name } }`;
const HOUR = 60 * 60;

const betterAuth = await startBetterAuth();
const schema = introspect();
const withoutHashes = await startTaskward({
  BETTER_AUTH_URL: betterAuth.origin,
  TASKWARD_PERSISTED_QUERIES: '0',
});
refuseWarnings();

await onEachDatabase(betterAuth, (taskward) => {
  /** A user with urql, whose login gives out `tokens` first, and good ones then. */
  const newcomer = async (tokens = [], server = taskward) => {
    const alice = await signUpForTokens(betterAuth, 'Alice', tokens);
    alice.client = createUrql({ url: server.graphql, schema, freshToken: alice.nextToken });
    alice.asks = (query) =>
      alice.client.query(query, {}, { requestPolicy: 'network-only' }).toPromise();
    alice.createsTag = (name) => alice.client.mutation(CREATE_TAG, { input: { name } }).toPromise();
    return alice;
  };
  const now = Math.floor(Date.now() / 1000);
  const expired = ({ id }) => betterAuth.sign({ sub: id, iat: now - 2 * HOUR, exp: now - HOUR });
  /** One that looks good to the client. */
  const refused = ({ id }) => betterAuth.sign({ sub: id, iat: now, aud: 'https://elsewhere' });
  /** A user whose token has been good and is no more, and whose login gives out `next` then. */
  const signedOut = async (...next) => {
    let first;
    const alice = await newcomer([
      async ({ id }) => (first = await betterAuth.sign({ sub: id, iat: now, jti: randomUUID() })),
      ...next,
    ]);
    await alice.asks(VIEWER);
    await graphqlRequest(taskward, first)(SIGN_OUT, { input: {} });
    return alice;
  };

  test('what the README shows writes the first task', async () => {
    const alice = await signUp(betterAuth, 'Alice');
    const send = globalThis.fetch;
    globalThis.fetch = (url, request) =>
      url === '/api/auth/token' ? Response.json({ token: alice.token }) : send(url, request);

    const { data, error } = await buyMilk(taskward.graphql).finally(() => {
      globalThis.fetch = send;
    });

    assert.equal(error, undefined);
    assert.deepEqual(data.createTask.query.tasks.nodes.map(({ title }) => title), ['Buy milk']);
  });

  test('a refusal is explained by its code, its reason and the field', async () => {
    const alice = await newcomer();
    const { data } = await createTask(alice.client, { title: 'Buy milk' });
    const { id } = data.createTask.task;
    const explained = async (result) => explain((await result).error.graphQLErrors);

    const empty = await explained(createTask(alice.client, { title: ' ' }));
    assert.equal(empty.field, 'input.title');
    assert.match(empty.text, /title/);
    const stale = { id, title: 'Buy oats', expectedVersion: 7 };
    assert.deepEqual(await explained(updateTask(alice.client, stale)), {
      text: 'It has been changed meanwhile',
      version: 1,
    });
    const { code } = await explained(updateTask(alice.client, { id: alice.id }));
    assert.equal(code, 'NOT_FOUND');
    const stranger = await newcomer([refused]);
    assert.deepEqual(await explained(stranger.asks(VIEWER)), {
      text: 'Please log in again',
      reason: 'WRONG_AUDIENCE',
    });
    const nowhere = { graphql: `http://127.0.0.1:${await freePort()}/graphql` };
    const lost = await newcomer([], nowhere);
    assert.deepEqual(await explained(lost.asks(VIEWER)), { text: 'No answer: try again' });
  });

  test('a refusal of one field leaves the data of the others', async () => {
    const alice = await newcomer();
    const TWO = gql`mutation Two {
      good: createTag(input: { name: "good" }) { tag { id name } }
      bad: createTag(input: { name: "" }) { tag { id name } }
    }`;

    const { data, error } = await alice.client.mutation(TWO, {});

    assert.equal(data.good.tag.name, 'good');
    assert.equal(data.bad, null);
    assert.deepEqual(error.graphQLErrors[0].path, ['bad']);
  });

  describe('a token', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];

    test('is asked for once, however many operations begin together', async () => {
      const alice = await newcomer();

      const results = await Promise.all([alice.asks(VIEWER), ...names.map(alice.createsTag)]);

      assert.ok(results.every(({ data }) => data));
      assert.equal(alice.asked, 1);
    });

    test('that has expired is renewed before anything is sent', async () => {
      const alice = await newcomer([expired]);

      await alice.asks(VIEWER);
      const requests = await requestsDuring(taskward, () => alice.asks(VIEWER));

      assert.equal(alice.asked, 2);
      assert.ok(requests.every(({ status }) => status === 200));
    });

    test('that is refused is renewed once for all operations that it failed', async () => {
      let refusals;
      const alice = await signedOut(async (user) => {
        const signal = AbortSignal.timeout(20_000);
        // Until it has failed all of them.
        while (refusals() < names.length) await pause(10, undefined, { signal });
        return user.freshToken();
      });

      const requests = await requestsDuring(taskward, async (sent) => {
        refusals = () => sent.filter(({ status }) => status === 401).length;
        const results = await Promise.all(names.map(alice.createsTag));
        assert.ok(results.every(({ data }) => data.createTag.tag.id));
      });

      assert.equal(alice.asked, 2, 'the first one, and one for all of them');
      assert.equal(requests.filter(({ status }) => status === 401).length, names.length);
    });

    test('that is refused again is an error, and no endless circle', async () => {
      const alice = await signedOut(refused);

      const requests = await requestsDuring(taskward, async () => {
        const { error } = await alice.asks(VIEWER);
        assert.equal(error.response.status, 401);
        assert.equal(error.graphQLErrors[0].extensions.reason, 'WRONG_AUDIENCE');
      });

      assert.deepEqual(requests.map(({ status }) => status), [401, 401]);
      const { data } = await alice.asks(VIEWER);
      assert.equal(data.viewer.id, alice.id, 'the next operation asks the login again');
    });

    test('that the login could not give is asked for again by the next operation', async () => {
      const alice = await newcomer([() => Promise.reject(new Error('The login is away'))]);

      const { error } = await alice.asks(VIEWER);
      assert.match(error.message, /The login is away/);

      assert.equal((await alice.asks(VIEWER)).data.viewer.id, alice.id);
    });
  });

  describe('a hashed query', () => {
    /** A document that nobody has sent before. */
    const fresh = (name) => gql(`query ${name} { viewer { id } }`);
    const sent = async (alice, query) => {
      const requests = await requestsDuring(taskward, async () => {
        const { data } = await alice.asks(query);
        assert.equal(data.viewer.id, alice.id);
      });
      return requests.map(({ method, hasDocument }) => ({ method, hasDocument }));
    };

    test('is sent in full once, and for everybody by its hash from then on', async () => {
      const [alice, bob] = [await newcomer(), await newcomer()];
      const query = fresh('Hashed');

      assert.deepEqual(await sent(alice, query), [
        { method: 'GET', hasDocument: false },
        { method: 'GET', hasDocument: true },
      ]);
      assert.deepEqual(await sent(alice, query), [{ method: 'GET', hasDocument: false }]);
      assert.deepEqual(await sent(bob, query), [{ method: 'GET', hasDocument: false }]);
    });

    test('whose token is refused is asked again with the next token', async () => {
      const query = fresh('HashedAndRefused');
      await sent(await newcomer(), query);
      const alice = await signedOut();

      assert.deepEqual(await sent(alice, query), [
        { method: 'GET', hasDocument: false },
        { method: 'GET', hasDocument: false },
      ]);
    });

    test('that is a mutation goes by POST, with its hash alone too', async () => {
      const alice = await newcomer();
      await alice.createsTag('first');

      const requests = await requestsDuring(taskward, () => alice.createsTag('second'));

      const [{ method, hasDocument }, ...more] = requests;
      assert.deepEqual([method, hasDocument, more], ['POST', false, []]);
    });

    test('is sent in full for good where the server keeps none', async () => {
      const alice = await newcomer([], withoutHashes);

      const requests = await requestsDuring(withoutHashes, async () => {
        for (const query of [fresh('One'), fresh('Two')])
          assert.equal((await alice.asks(query)).data.viewer.id, alice.id);
      });

      assert.deepEqual(requests.map(({ hasDocument }) => hasDocument), [false, true, true]);
    });
  });
});
