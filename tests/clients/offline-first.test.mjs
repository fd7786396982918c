// The example of the README, driven by two devices of one user of which one is offline for a while.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';

import { offlineFirst } from './examples/offline-first.mjs';
import { startBetterAuth } from './harness/better-auth.mjs';
import { graphqlRequest } from './harness/clients.mjs';
import { graphqlWs, until } from './harness/live.mjs';
import { startTaskward } from './harness/taskward.mjs';
import { signUp } from './harness/users.mjs';

const NOWHERE = 'ws://127.0.0.1:9';

const betterAuth = await startBetterAuth();
const taskward = await startTaskward({ BETTER_AUTH_URL: betterAuth.origin });

test('two devices agree with the server, though one was offline and the server away', async () => {
  const alice = await signUp(betterAuth, 'Alice');
  const laptop = device(alice);
  await laptop.copy.start();
  // More than one page of a full read.
  const ids = Array.from({ length: 550 }, () => randomUUID());
  await Promise.all(ids.map((id, at) => laptop.creates(id, `Task ${at}`)));
  const phone = device(alice);
  await phone.copy.start();
  assert.equal(phone.local.objects.size, ids.length);
  await phone.until(() => phone.isConnected);
  const [both, gone, trashed] = ids;
  const [ofPhone, ofLaptop] = [randomUUID(), randomUUID()];

  phone.goesOffline();
  await phone.edits(both, { completed: true });
  await phone.creates(ofPhone, 'On the train');
  await phone.edits(ofPhone, { title: 'On the train home' });
  await phone.edits(gone, { title: 'Too late' });
  assert.deepEqual(phone.copy.get(both), { title: 'Task 0', completed: true, deletedAt: null });
  assert.equal(phone.copy.get(ofPhone).title, 'On the train home');

  await laptop.edits(both, { title: 'Renamed at the desk' });
  await laptop.creates(ofLaptop, 'At the desk');
  await laptop.copy.edit(gone, {}, { deleteTask: { id: gone, permanently: true } });
  await laptop.copy.edit(trashed, {}, { deleteTask: { id: trashed } });
  await taskward.restart();
  await laptop.edits(ofLaptop, { completed: true });

  phone.losesAReply();
  phone.goesOnline();
  await phone.until(() => phone.hasLostAReply);
  assert.equal(phone.local.outbox.length, 4, 'what found no answer is still to be sent');
  const last = randomUUID();
  await phone.creates(last, 'The last');
  for (const { local, until } of [laptop, phone]) await until(() => local.objects.has(last));

  const fresh = device(alice);
  await fresh.copy.start();
  assert.deepEqual(laptop.local.objects, fresh.local.objects);
  assert.deepEqual(phone.local.objects, fresh.local.objects);
  assert.deepEqual(phone.local.outbox, []);
  assert.deepEqual(
    phone.refused.map(({ code }) => code),
    ['NOT_FOUND'],
    'the change of what was deleted meanwhile',
  );
  const sees = (id) => phone.copy.get(id);
  assert.deepEqual(sees(both), {
    title: 'Renamed at the desk',
    completed: true,
    deletedAt: null,
  });
  assert.deepEqual(sees(ofPhone), {
    title: 'On the train home',
    completed: false,
    deletedAt: null,
  });
  assert.equal(sees(ofLaptop).completed, true);
  assert.ok(Date.parse(sees(trashed).deletedAt), 'in the trash');
  assert.equal(phone.local.objects.has(gone), false);
  assert.equal(phone.local.objects.size, ids.length - 1 + 3);
});

/** A device with the example on it, and a network that the test cuts. */
function device(user) {
  const news = new EventEmitter();
  const network = { up: true, losesNext: false };
  const overHttp = graphqlRequest(taskward, user.token);
  const ask = async (document, variables) => {
    if (!network.up) throw new Error('offline');
    const answer = await overHttp(document, variables);
    if (!network.losesNext) return answer;
    network.losesNext = false;
    state.hasLostAReply = true;
    news.emit('news');
    throw new Error('the reply is lost');
  };
  const socket = graphqlWs(taskward, () => user.token, {
    url: () => (network.up ? taskward.graphql.replace('http', 'ws') : NOWHERE),
    shouldRetry: () => true,
    retryAttempts: Infinity,
  });
  let cursor = null;
  const local = {
    objects: new Map(),
    outbox: [],
    get cursor() {
      return cursor;
    },
    // What comes last of a page.
    set cursor(place) {
      cursor = place;
      news.emit('news');
    },
  };
  const refused = [];
  const copy = offlineFirst({ local, ask, socket, onRefused: (error) => refused.push(error) });
  const state = {
    copy,
    local,
    refused,
    isConnected: false,
    hasLostAReply: false,
    until: (condition) => until(news, condition),
    creates: (id, title) =>
      copy.edit(id, { title, completed: false }, { createTask: { id, title } }),
    edits: (id, fields) => copy.edit(id, fields, { updateTask: { id, ...fields } }),
    goesOffline() {
      network.up = false;
      socket.terminate();
    },
    goesOnline() {
      network.up = true;
    },
    losesAReply() {
      network.losesNext = true;
    },
  };
  socket.on('connected', () => {
    state.isConnected = true;
    news.emit('news');
  });
  return state;
}
