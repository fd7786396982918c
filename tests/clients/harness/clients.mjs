// The clients that front ends use, each as `(taskward, token) => ask`, where
// `ask(document, variables)` answers the data or throws the client's own error.

import { Client, fetchExchange } from '@urql/core';
import { GraphQLClient } from 'graphql-request';

export const clients = {
  urql: (taskward, token) => askUrql(urql(taskward, token)),
  'urql that reads by GET': (taskward, token) =>
    askUrql(urql(taskward, token, { preferGetMethod: true })),
  'graphql-request': graphqlRequest,
};

/** An urql client without a cache, so that every question reaches the server. */
export function urql(taskward, token, options) {
  return new Client({
    url: taskward.graphql,
    exchanges: [fetchExchange],
    fetchOptions: { headers: bearer(token) },
    preferGetMethod: false,
    ...options,
  });
}

function askUrql(client) {
  return async (document, variables) => {
    const isMutation = document.trimStart().startsWith('mutation');
    const operation = isMutation ? 'mutation' : 'query';
    const { data, error } = await client[operation](document, variables).toPromise();
    if (error) throw error;
    return data;
  };
}

export function graphqlRequest(taskward, token) {
  const client = new GraphQLClient(taskward.graphql, { headers: bearer(token) });
  return (document, variables) => client.request(document, variables);
}

/** No client at all: the bare request, for what is below the clients' sight. */
export function post(taskward, token, query, variables) {
  return fetch(taskward.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(token) },
    body: JSON.stringify({ query, variables }),
  });
}

function bearer(token) {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
