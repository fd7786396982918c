import { createClient } from 'graphql-ws';
import { Environment, Network, Observable, RecordSource, Store } from 'relay-runtime';
import type { FetchFunction, GraphQLResponse, SubscribeFunction } from 'relay-runtime';

/** `getToken(true)` is asked for a new token, because the last one was refused. */
export function createEnvironment(url: string, getToken: (fresh?: boolean) => Promise<string>) {
  const socket = createClient({
    url: url.replace('http', 'ws'),
    connectionParams: async () => ({ authorization: `Bearer ${await getToken(true)}` }),
    shouldRetry: () => true, // also while the network or the server is away
    retryAttempts: Infinity,
  });

  const fetchFn: FetchFunction = async ({ text: query }, variables) => {
    const send = (token: string) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query, variables }),
      });
    let response = await send(await getToken());
    if (response.status === 401) response = await send(await getToken(true));
    return response.json();
  };

  const subscribeFn: SubscribeFunction = ({ text: query }, given) =>
    Observable.create<GraphQLResponse>((sink) => {
      let { since } = given;
      const variables = { ...given, get since() { return since; } }; // read on every connection
      return socket.subscribe<any>({ query: query!, variables }, {
        ...sink,
        next(answer) {
          since = answer.data?.changes?.cursor ?? since;
          sink.next(answer as GraphQLResponse);
        },
      });
    });

  return new Environment({
    network: Network.create(fetchFn, subscribeFn),
    store: new Store(new RecordSource()),
    // The id of a `Change` is that of the object that has changed.
    getDataID: (record, type) => (type === 'Change' ? undefined : record.id),
  });
}
