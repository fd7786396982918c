// Apollo Client and the login: what a refusal looks like, tokens that are renewed, hashed queries.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  gql,
  HttpLink,
  InMemoryCache,
  ServerError,
} from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';

import { createApollo } from './examples/apollo-client.mjs';
import { explainThrown } from './examples/apollo-errors.mjs';
import { createTask, updateTask } from './examples/apollo-tasks.mjs';
import { startBetterAuth } from './harness/better-auth.mjs';
import { onEachDatabase } from './harness/scenes.mjs';
import { freePort, startTaskward } from './harness/taskward.mjs';
import { signUpForTokens } from './harness/users.mjs';
import { refuseWarnings, requestsDuring } from './harness/wire.mjs';

const VIEWER = gql`query Viewer { viewer { id name } }`;
const HOUR = 60 * 60;

const betterAuth = await startBetterAuth();
const withoutHashes = await startTaskward({
  BETTER_AUTH_URL: betterAuth.origin,
  TASKWARD_PERSISTED_QUERIES: '0',
});
refuseWarnings();

await onEachDatabase(betterAuth, (taskward) => {
  /** A user with Apollo Client, whose login gives out `tokens` first, and good ones then. */
  const newcomer = async (tokens = [], server = taskward) => {
    const alice = await signUpForTokens(betterAuth, 'Alice', tokens);
    alice.client = createApollo({ url: server.graphql, freshToken: alice.nextToken });
    after(() => alice.client.stop());
    alice.reads = async () =>
      (await alice.client.query({ query: VIEWER, fetchPolicy: 'network-only' })).data.viewer;
    return alice;
  };
  const expired = ({ id }) => {
    const now = Math.floor(Date.now() / 1000);
    return betterAuth.sign({ sub: id, iat: now - 2 * HOUR, exp: now - HOUR });
  };

  describe('a refusal', () => {
    /** A client without the link that renews, and with these headers. */
    const plain = (headers, options) =>
      new ApolloClient({
        cache: new InMemoryCache(),
        link: new HttpLink({ uri: taskward.graphql, headers, ...options }),
      });

    for (const useGETForQueries of [false, true]) {
      test(`is a CombinedGraphQLErrors, by ${useGETForQueries ? 'GET' : 'POST'}`, async () => {
        const client = plain({}, { useGETForQueries });

        await assert.rejects(client.query({ query: VIEWER }), (error) => {
          assert.ok(CombinedGraphQLErrors.is(error), `not ${error.name}`);
          const [{ extensions }] = error.errors;
          assert.deepEqual(extensions, { code: 'UNAUTHENTICATED', reason: 'TOKEN_MISSING' });
          assert.equal(error.data, undefined);
          return true;
        });
      });
    }

    test('is a ServerError to whoever accepts nothing but application/json', async () => {
      const client = plain({ accept: 'application/json' });

      await assert.rejects(client.query({ query: VIEWER }), (error) => {
        assert.ok(ServerError.is(error), `not ${error.name}`);
        assert.equal(error.statusCode, 401);
        const [{ extensions }] = JSON.parse(error.bodyText).errors;
        assert.deepEqual(extensions, { code: 'UNAUTHENTICATED', reason: 'TOKEN_MISSING' });
        return true;
      });
    });

    test('is explained by its code, its reason and the field', async () => {
      const alice = await newcomer();
      const { data } = await createTask(alice.client, { title: 'Buy milk' });
      const { id } = data.createTask.task;
      const explained = (promise) =>
        promise.then(() => assert.fail('no refusal'), explainThrown);

      const empty = await explained(createTask(alice.client, { title: ' ' }));
      assert.equal(empty.field, 'input.title');
      assert.match(empty.text, /title/);
      const stale = { id, title: 'Buy oats', expectedVersion: 7 };
      assert.deepEqual(await explained(updateTask(alice.client, stale)), {
        text: 'It has been changed meanwhile',
        version: 1,
      });
      const { text, code } = await explained(updateTask(alice.client, { id: alice.id }));
      assert.equal(code, 'NOT_FOUND');
      assert.match(text, /\w/);
      const stranger = await newcomer([expired, expired]);
      assert.deepEqual(await explained(stranger.reads()), {
        text: 'Please log in again',
        reason: 'TOKEN_EXPIRED',
      });
      const nowhere = { graphql: `http://127.0.0.1:${await freePort()}/graphql` };
      const lost = await newcomer([], nowhere);
      assert.deepEqual(await explained(lost.reads()), { text: 'No answer: try again' });
    });

    test('of one field leaves the data of the others', async () => {
      const alice = await newcomer();
      const mutation = gql`mutation Two {
        good: createTag(input: { name: "good" }) { tag { id name } }
        bad: createTag(input: { name: "" }) { tag { id name } }
      }`;

      const { data, error } = await alice.client.mutate({ mutation, errorPolicy: 'all' });

      assert.equal(data.good.tag.name, 'good');
      assert.equal(data.bad, null);
      assert.ok(CombinedGraphQLErrors.is(error));
      assert.deepEqual(error.errors[0].path, ['bad']);
    });
  });

  describe('a token', () => {
    test('is asked for once, however many requests begin together', async () => {
      const alice = await newcomer();

      const viewers = await Promise.all([alice.reads(), createTag(alice, 'a'), alice.reads()]);

      assert.equal(viewers[0].id, alice.id);
      assert.equal(alice.asked, 1);
    });

    test('that has expired is renewed once for all requests that it failed', async () => {
      const alice = await newcomer([expired]);
      const names = ['a', 'b', 'c', 'd', 'e'];

      const requests = await requestsDuring(taskward, async () => {
        const tags = await Promise.all(names.map((name) => createTag(alice, name)));
        assert.deepEqual(tags, names);
      });

      assert.equal(alice.asked, 2, 'the expired one, and one for all of them');
      assert.equal(requests.filter(({ status }) => status === 401).length, names.length);
    });

    test('that is refused again is an error, and no endless circle', async () => {
      const alice = await newcomer([expired, expired]);

      const requests = await requestsDuring(taskward, () =>
        assert.rejects(alice.reads(), ({ errors }) => {
          assert.equal(errors[0].extensions.reason, 'TOKEN_EXPIRED');
          return true;
        }),
      );

      assert.equal(alice.asked, 2);
      assert.deepEqual(requests.map(({ status }) => status), [401, 401]);
      assert.equal((await alice.reads()).id, alice.id, 'the next request asks the login again');
    });

    test('that the login could not give is asked for again by the next request', async () => {
      const alice = await newcomer([() => Promise.reject(new Error('The login is away'))]);

      await assert.rejects(alice.reads(), /The login is away/);

      assert.equal((await alice.reads()).id, alice.id);
    });

    test('of a login that has ended is refused with REVOKED', async () => {
      const alice = await newcomer([({ token }) => token, ({ token }) => token]);
      const mutation = gql`mutation SignOut { signOut(input: {}) { revokedBefore } }`;

      await alice.client.mutate({ mutation });

      await assert.rejects(alice.reads(), ({ errors }) => {
        assert.equal(errors[0].extensions.reason, 'REVOKED');
        return true;
      });
    });
  });

  describe('a hashed query', () => {
    /** A document that nobody has sent before. */
    const fresh = (name) => gql(`query ${name} { viewer { id } }`);
    const asks = (alice, query) =>
      requestsDuring(taskward, async () => {
        const { data } = await alice.client.query({ query, fetchPolicy: 'network-only' });
        assert.equal(data.viewer.id, alice.id);
      });
    const seen = (requests) => requests.map(({ method, hasDocument }) => ({ method, hasDocument }));

    test('is sent in full once, and for everybody by its hash from then on', async () => {
      const [alice, bob] = [await newcomer(), await newcomer()];
      const query = fresh('Hashed');

      const [first, second, bobs] = [
        await asks(alice, query),
        await asks(alice, query),
        await asks(bob, query),
      ];

      assert.deepEqual(seen(first), [
        { method: 'GET', hasDocument: false },
        { method: 'POST', hasDocument: true },
      ]);
      assert.deepEqual(seen(second), [{ method: 'GET', hasDocument: false }]);
      assert.deepEqual(seen(bobs), seen(second));
      assert.ok(second[0].hash);
    });

    test('whose token has expired is asked again with the next token', async () => {
      const query = fresh('HashedAndExpired');
      await asks(await newcomer(), query);
      const alice = await newcomer([expired]);

      const requests = await asks(alice, query);

      assert.deepEqual(requests.map(({ status }) => status), [401, 200]);
      assert.deepEqual(seen(requests), [
        { method: 'GET', hasDocument: false },
        { method: 'GET', hasDocument: false },
      ]);
    });

    test('that is a mutation goes by POST, with its hash alone too', async () => {
      const alice = await newcomer();
      await createTag(alice, 'first');

      const requests = await requestsDuring(taskward, () => createTag(alice, 'second'));

      assert.deepEqual(seen(requests), [{ method: 'POST', hasDocument: false }]);
    });

    test('whose hash does not fit is refused', async () => {
      const link = ApolloLink.from([
        new PersistedQueryLink({ generateHash: () => '0'.repeat(64) }),
        new HttpLink({ uri: taskward.graphql }),
      ]);
      const client = new ApolloClient({ cache: new InMemoryCache(), link });

      await assert.rejects(client.query({ query: VIEWER }), (error) => {
        assert.ok(CombinedGraphQLErrors.is(error));
        assert.equal(error.errors[0].extensions.code, 'BAD_USER_INPUT');
        return true;
      });
    });

    test('is sent in full for good where the server keeps none', async () => {
      const alice = await newcomer([], withoutHashes);

      const requests = await requestsDuring(withoutHashes, async () => {
        for (const query of [fresh('One'), fresh('Two')]) {
          const { data } = await alice.client.query({ query, fetchPolicy: 'network-only' });
          assert.equal(data.viewer.id, alice.id);
        }
      });

      assert.deepEqual(requests.map(({ hasDocument }) => hasDocument), [false, true, true]);
    });
  });
});

async function createTag({ client }, name) {
  const mutation = gql`mutation CreateTag($input: CreateTagInput!) {
    createTag(input: $input) { tag { id name } }
  }`;
  const { data } = await client.mutate({ mutation, variables: { input: { name } } });
  return data.createTag.tag.name;
}
