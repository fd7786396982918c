import { ApolloLink, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { tap } from 'rxjs';

import { addToLists, forget, sortAgain } from './apollo-lists.mjs';
import { CHANGES } from './task-documents.mjs';

const KNOWN = gql`fragment Known on Node { id }`;

/** `since` is read anew for every connection: a socket that comes back has missed nothing. */
const resume = new ApolloLink((operation, forward) => {
  let { since } = operation.variables;
  operation.variables = { get since() { return since; } };
  return forward(operation).pipe(tap(({ data }) => (since = data?.changes.cursor ?? since)));
});

export const createLiveLink = (socket) => ApolloLink.from([resume, new GraphQLWsLink(socket)]);

/** Keeps the cache up to date with what the user does elsewhere, until `unsubscribe()`. */
export function followChanges(client, onError) {
  const { cache } = client;
  const isKnown = ({ type, id }) =>
    cache.readFragment({ id: cache.identify({ __typename: type, id }), fragment: KNOWN });
  const isGone = ({ kind, node }) => kind === 'DELETE' || node.deletedAt;

  const query = gql(CHANGES);
  return client.subscribe({ query, fetchPolicy: 'no-cache' }).subscribe(({ data, error }) => {
    if (error) return onError(error);
    const { changes } = data.changes;
    const known = changes.filter(isKnown);
    cache.batch({
      update() {
        cache.write({ dataId: 'ROOT_SUBSCRIPTION', query, result: data });
        for (const change of changes)
          if (isGone(change)) forget(cache, change);
          else if (!known.includes(change)) addToLists(cache, change);
          else if (change.type === 'Task') sortAgain(cache);
      },
    });
  });
}
