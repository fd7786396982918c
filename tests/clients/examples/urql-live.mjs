import { CHANGES } from './task-documents.mjs';

/** What may be otherwise in a moment. */
const PASSING = ['INTERNAL_SERVER_ERROR', 'RATE_LIMITED', 'TIMEOUT'];
const isRefusal = (error) =>
  error?.graphQLErrors.some(({ extensions }) => !PASSING.includes(extensions.code));

/** Keeps the cache up to date with what the user does elsewhere, until the answer is called. */
export function followChanges(client, onRefusal, wait = 1000) {
  let since, stream, timer;
  function open() {
    stream = client.subscription(CHANGES, { since }).subscribe(({ data, error, hasNext }) => {
      if (data) since = data.changes.cursor;
      if (isRefusal(error)) onRefusal(error);
      // A stream ends with its token and with the server: the next goes on at the last cursor.
      else if (error || !hasNext) timer = setTimeout(open, wait);
    });
  }
  open();
  return () => {
    clearTimeout(timer);
    stream.unsubscribe();
  };
}
