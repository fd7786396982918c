// What clients really send, and what they say on the console.

import assert from 'node:assert/strict';
import { afterEach, beforeEach } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * The requests to this server while something is done, whether by POST or by GET:
 * `method`, `operation`, `hasDocument`, `hash` and `status` of each, in the order of the answers.
 */
export async function requestsDuring(taskward, action) {
  const requests = [];
  const send = globalThis.fetch;
  globalThis.fetch = async (url, request) => {
    const response = await send(url, request);
    if (String(url).startsWith(taskward.graphql))
      requests.push({ ...read(new URL(url), request), status: response.status });
    return response;
  };
  try {
    await action(requests);
    await pause(50); // for what a client might ask on top of it
  } finally {
    globalThis.fetch = send;
  }
  return requests;
}

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
