// Clients that are told: the front end's own library for WebSockets, graphql-ws, and urql over SSE.

import { EventEmitter, once } from 'node:events';
import { after } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import WebSocket from 'ws';

import { openSocket } from '../examples/live-updates.mjs';
import { FOLLOW } from './documents.mjs';

/** How long news may take, in milliseconds. */
const PATIENCE = 20_000;

/**
 * A graphql-ws client that lives as long as the test. `token` is asked for on every connection, as
 * a front end asks its login. The client waits less than a person would have it wait, and counts.
 */
export function graphqlWs(taskward, token, options) {
  const closes = [];
  let told = 0;
  const news = new EventEmitter();
  const client = openSocket(taskward.graphql.replace('http', 'ws'), token, {
    webSocketImpl: WebSocket,
    retryWait: () => pause(100),
    ...options,
  });
  client.on('closed', ({ code, reason }) => {
    closes.push({ code, reason });
    news.emit('news');
  });
  client.on('message', ({ type }) => {
    if (type === 'next') told += 1;
    news.emit('news');
  });
  after(() => client.dispose());

  return Object.assign(client, {
    /** How its sockets have ended, code and reason. */
    closes,

    /** Waits for the first end of a socket. */
    async untilClosed() {
      await until(news, () => closes.length > 0);
      return closes[0];
    },

    /** Waits for the first answer to what was subscribed to. */
    untilTold: () => until(news, () => told > 0),

    /** Asks one thing over the socket: the data, or the errors thrown. */
    async ask(query, variables) {
      for await (const { data, errors } of client.iterate({ query, variables })) {
        if (errors) throw Object.assign(new Error(errors[0].message), { errors });
        return data;
      }
    },

    /** Follows the changes from a cursor, and after each reconnection from where it has come to. */
    follow(since = null) {
      const following = new Following(since);
      const variables = following.variables();
      client.subscribe({ query: FOLLOW, variables }, following);
      return following;
    },
  });
}

/** Follows the changes by an urql client's event stream. */
export function followByUrql(client, since = null) {
  const following = new Following(since);
  const { unsubscribe } = client
    .subscription(FOLLOW, { since })
    .subscribe((result) => {
      if (result.error) following.error(result.error);
      // How urql tells the end, with what it has told before.
      else if (result.hasNext === false) following.complete();
      else following.next(result);
    });
  after(unsubscribe);
  return following;
}

/** What a subscriber of `changes` has been told so far; a sink of graphql-ws. */
class Following {
  pages = [];
  #news = new EventEmitter();

  constructor(since) {
    this.cursor = since;
  }

  /** Read anew for every connection. */
  variables() {
    const following = this;
    return {
      get since() {
        return following.cursor;
      },
    };
  }

  next({ data, errors }) {
    if (errors) return this.error(errors);
    this.pages.push(data.changes);
    this.cursor = data.changes.cursor;
    this.#news.emit('news');
  }

  error(error) {
    this.failure = error;
    this.#news.emit('news');
  }

  complete() {
    this.isOver = true;
    this.#news.emit('news');
  }

  get changes() {
    return this.pages.flatMap((page) => page.changes);
  }

  /** The titles of the tasks it was told of, in the order of telling. */
  get titles() {
    return this.changes.map((change) => change.node?.title);
  }

  /** Waits for its first page: from then on nothing escapes it. */
  begins() {
    return this.until(() => this.pages.length > 0);
  }

  /** Waits until it has heard of this title. */
  hears(title) {
    return this.until(() => this.titles.includes(title));
  }

  until(condition) {
    return until(this.#news, () => {
      const isMet = condition();
      if (!isMet && this.failure) throw this.failure;
      return isMet;
    });
  }
}

/** What a page shows that watches a query: `now` is what `pick` takes from the latest result. */
export class Watched {
  #news = new EventEmitter();

  constructor(pick) {
    this.pick = pick;
  }

  next = (result) => {
    this.failure = result.error;
    this.now = this.pick(result);
    this.#news.emit('news');
  };

  /** Waits until it shows what this condition asks for. */
  until(condition) {
    return until(this.#news, () => {
      if (this.failure) throw this.failure;
      return Boolean(this.now && condition(this.now));
    });
  }
}

/** Waits for a condition that may come true with any event `news`. */
export async function until(news, condition) {
  const signal = AbortSignal.timeout(PATIENCE);
  while (!condition()) await once(news, 'news', { signal });
}
