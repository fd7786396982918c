import { Client, fetchExchange } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import { persistedExchange } from '@urql/exchange-persisted';

import { createCache } from './urql-cache.mjs';

/** `freshToken` asks the login for a token: `async () => (await authClient.token()).data.token`. */
export const createUrql = ({ url, schema, freshToken }) =>
  new Client({
    url,
    fetchSubscriptions: true, // live updates come as an event stream
    exchanges: [
      createCache(schema),
      createAuth(freshToken),
      persistedExchange({ enableForMutation: true }),
      fetchExchange,
    ],
  });

const createAuth = (freshToken) =>
  authExchange(async ({ appendHeaders }) => {
    let token;
    return {
      addAuthToOperation: (operation) =>
        token ? appendHeaders(operation, { authorization: `Bearer ${token}` }) : operation,
      willAuthError: () => !token || secondsLeft(token) < 5,
      didAuthError: ({ graphQLErrors }) =>
        graphQLErrors.some(({ extensions }) => extensions.code === 'UNAUTHENTICATED'),
      async refreshAuth() {
        token = await freshToken(); // once, however many operations wait for it
      },
    };
  });

function secondsLeft(token) {
  const claims = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
  return JSON.parse(atob(claims)).exp - Date.now() / 1000;
}
