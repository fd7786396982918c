import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { ErrorLink } from '@apollo/client/link/error';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';

import { createCache } from './apollo-cache.mjs';
import { createLiveLink } from './apollo-live.mjs';

/** `freshToken` asks the login for a token; `socket` is that of `openSocket`. */
export function createApollo({ url, freshToken, socket }) {
  let token; // a promise, so that all who need one meanwhile wait for the same
  const ask = () =>
    freshToken().catch((error) => {
      token = undefined;
      throw error;
    });
  const bearer = new SetContextLink(async ({ headers }) => {
    const sent = (token ??= ask());
    return { sent, headers: { ...headers, authorization: `Bearer ${await sent}` } };
  });
  const renewal = new ErrorLink(({ error, operation, forward }) => {
    if (!isUnauthenticated(error)) return undefined;
    const { sent } = operation.getContext();
    if (token === sent) token = undefined; // else another request has renewed it already
    return forward(operation); // once: what is refused again is an error
  });

  const http = ApolloLink.from([
    renewal,
    bearer,
    new PersistedQueryLink({ sha256, useGETForHashedQueries: true }),
    new HttpLink({ uri: url }),
  ]);
  const isLive = ({ operationType }) => operationType === 'subscription';
  return new ApolloClient({
    cache: createCache(),
    link: ApolloLink.split(isLive, createLiveLink(socket), http),
  });
}

const isUnauthenticated = (error) =>
  CombinedGraphQLErrors.is(error) &&
  error.errors.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED');

async function sha256(text) {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
