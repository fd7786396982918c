import type { Client } from 'graphql-ws';
import { Environment, Network, Observable, RecordSource, Store } from 'relay-runtime';
import type {
  FetchFunction,
  GraphQLResponse,
  RequestParameters,
  SubscribeFunction,
} from 'relay-runtime';
import { createPost } from './post';

// Compiled with `persistConfig`, a document has an id, by which the server knows it.
const named = ({ id, text }: RequestParameters) => (id ? { documentId: id } : { query: text });

interface Connection {
  url: string;
  /** Asks the login for a token. */
  freshToken: () => Promise<string>;
  /** That of `openSocket`. */
  socket: Client;
}

export function createEnvironment({ url, freshToken, socket }: Connection) {
  const post = createPost(url, freshToken);
  const fetchFn: FetchFunction = (document, variables) => post({ ...named(document), variables });

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
