// What clients really send, and what they say on the console.

import assert from 'node:assert/strict';
import { afterEach, beforeEach } from 'node:test';

/** How long clients may go on asking, in milliseconds. */
const PATIENCE = 20_000;

/**
 * The requests to this server while something is done, whether by POST or by GET:
 * `method`, `operation`, `hasDocument`, `hash` and `status` of each, in the order of the answers.
 */
export async function requestsDuring(taskward, action) {
  const requests = [];
  const traffic = { open: 0, moves: 0 };
  const send = globalThis.fetch;
  globalThis.fetch = async (url, request) => {
    traffic.open += 1;
    traffic.moves += 1;
    try {
      const response = await send(url, request);
      if (String(url).startsWith(taskward.graphql))
        requests.push({ ...read(new URL(url), request), status: response.status });
      return response;
    } finally {
      traffic.open -= 1;
      traffic.moves += 1;
    }
  };
  try {
    await action(requests);
    await untilQuiet(traffic, () => send(taskward.graphql, marker()));
  } finally {
    globalThis.fetch = send;
  }
  return requests;
}

/** What a client asks on top of it moves while a question of ours goes there and back. */
async function untilQuiet(traffic, askMarker) {
  const deadline = Date.now() + PATIENCE;
  let seen;
  do {
    assert.ok(Date.now() < deadline, 'the client stops asking');
    seen = traffic.moves;
    await askMarker();
  } while (traffic.open > 0 || traffic.moves > seen);
}

const marker = () => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ query: '{ __typename }' }),
  signal: AbortSignal.timeout(PATIENCE),
});

/** The names of the operations that were asked meanwhile, each once however often it was sent. */
export async function operationsDuring(taskward, action) {
  const requests = await requestsDuring(taskward, action);
  return [...new Set(requests.map(({ operation }) => operation))];
}

function read(url, { method = 'GET', body }) {
  const fields = body ? JSON.parse(body) : Object.fromEntries(url.searchParams);
  const { operationName, query, extensions = body ? {} : '{}' } = fields;
  const { persistedQuery } = body ? extensions : JSON.parse(extensions);
  return {
    method,
    operation: operationName,
    hasDocument: Boolean(query),
    hash: persistedQuery?.sha256Hash,
  };
}

/** A warning of a client's library on the console fails the test that caused it. */
export function refuseWarnings() {
  const { warn, error } = console;
  let warnings;
  beforeEach(() => {
    warnings = [];
    console.warn = console.error = (...words) => warnings.push(words.map(String).join(' '));
  });
  afterEach(() => {
    Object.assign(console, { warn, error });
    assert.deepEqual(warnings, [], 'no client warns');
  });
}
