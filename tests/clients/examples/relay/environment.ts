import { createClient } from 'graphql-ws';
import { Environment, Network, Observable, RecordSource, Store } from 'relay-runtime';
import type {
  FetchFunction,
  GraphQLResponse,
  RequestParameters,
  SubscribeFunction,
} from 'relay-runtime';

// Compiled with `persistConfig`, a document has an id, by which the server knows it.
const named = ({ id, text }: RequestParameters) => (id ? { documentId: id } : { query: text });

/** `getToken(true)` is asked for a new token, because the last one was refused. */
export function createEnvironment(url: string, getToken: (fresh?: boolean) => Promise<string>) {
  const socket = createClient({
    url: url.replace('http', 'ws'),
    connectionParams: async () => ({ authorization: `Bearer ${await getToken(true)}` }),
    shouldRetry: () => true, // also while the network or the server is away
    retryAttempts: Infinity,
  });

  const fetchFn: FetchFunction = async (document, variables) => {
    const send = (token: string) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ ...named(document), variables }),
      });
    let response = await send(await getToken());
    if (response.status === 401) response = await send(await getToken(true));
    return response.json();
  };

  const subscribeFn: SubscribeFunction = (document, given) =>
    Observable.create<GraphQLResponse>((sink) => {
      let { since } = given;
      const variables = { ...given, get since() { return since; } }; // read on every connection
      const next = (answer: any) => {
        since = answer.data?.changes?.cursor ?? since;
        sink.next(answer);
      };
      // graphql-ws insists on a `query`; where there is an id, the server overlooks an empty one.
      const payload: any = { query: '', ...named(document), variables };
      return socket.subscribe(payload, { ...sink, next });
    });

  return new Environment({
    network: Network.create(fetchFn, subscribeFn),
    store: new Store(new RecordSource()),
    // The id of a `Change` is that of the object that has changed.
    getDataID: (record, type) => (type === 'Change' ? undefined : record.id),
  });
}
