import { createClient } from 'graphql-ws';

/** `freshToken` asks the login for a token, anew for every connection. */
export const openSocket = (url, freshToken, options) =>
  createClient({
    url,
    connectionParams: async () => ({ authorization: `Bearer ${await freshToken()}` }),
    shouldRetry: () => true, // also while the server or the network is away
    retryAttempts: Infinity,
    retryWait: (tries) => pause(Math.random() * Math.min(2 ** tries, 30) * 1000),
    ...options,
  });

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
