// Nobody learns anything about the tasks of somebody else, not even that they exist.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';

import { startBetterAuth } from './harness/better-auth.mjs';
import { graphqlRequest, post } from './harness/clients.mjs';
import { CREATE, DELETE, NODE, RESTORE, TASK, TASKS, UPDATE } from './harness/documents.mjs';
import { startTaskward } from './harness/taskward.mjs';
import { signUp } from './harness/users.mjs';

const betterAuth = await startBetterAuth();
const taskward = await startTaskward({ BETTER_AUTH_URL: betterAuth.origin });
const alice = await signUp(betterAuth, 'Alice');
const bob = await signUp(betterAuth, 'Bob');
const aliceAsks = graphqlRequest(taskward, alice.token);
const bobAsks = graphqlRequest(taskward, bob.token);
const { task } = (await aliceAsks(CREATE, { input: { title: 'A secret of Alice' } })).createTask;

describe('Bob', () => {
  test('finds none of the tasks of Alice in his list', async () => {
    const { tasks } = await bobAsks(TASKS);

    assert.deepEqual(tasks.nodes, []);
    assert.equal(tasks.totalCount, 0);
  });

  for (const [does, document, field] of [
    ['reads', TASK, 'task'],
    ['looks up', NODE, 'node'],
  ]) {
    test(`gets null when he ${does} a task of Alice, as for an id nobody has`, async () => {
      const { status, text } = await answerTo(document, (id) => ({ id }));

      assert.equal(status, 200);
      assert.deepEqual(JSON.parse(text), { data: { [field]: null } });
    });
  }

  for (const [does, document, rest] of [
    ['changes', UPDATE, { title: 'A secret of Bob' }],
    ['completes', UPDATE, { completed: true }],
    ['guesses the version of', UPDATE, { title: 'A secret of Bob', expectedVersion: 1 }],
    ['deletes', DELETE],
    ['deletes for good', DELETE, { permanently: true }],
    ['restores', RESTORE],
  ]) {
    test(`gets NOT_FOUND when he ${does} a task of Alice, as for an id nobody has`, async () => {
      const { status, text } = await answerTo(document, (id) => ({ input: { id, ...rest } }));

      assert.equal(status, 200);
      const { errors } = JSON.parse(text);
      assert.equal(errors.length, 1);
      assert.equal(errors[0].extensions.code, 'NOT_FOUND');
    });
  }

  test('gets null for the user Alice, and himself by his own id', async () => {
    assert.equal((await bobAsks(NODE, { id: alice.id })).node, null);
    assert.deepEqual((await bobAsks(NODE, { id: bob.id })).node, {
      __typename: 'User',
      id: bob.id,
      name: 'Bob',
    });
  });

  test('may use an id that Alice uses: each has a task of their own', async () => {
    const id = randomUUID();

    const hers = await aliceAsks(CREATE, { input: { id, title: 'Of Alice' } });
    const his = await bobAsks(CREATE, { input: { id, title: 'Of Bob' } });
    assert.equal(hers.createTask.task.title, 'Of Alice');
    assert.equal(his.createTask.task.title, 'Of Bob');

    await bobAsks(DELETE, { input: { id, permanently: true } });
    assert.equal((await aliceAsks(TASK, { id })).task.title, 'Of Alice');
  });
});

test('Alice still has her task as she wrote it', async () => {
  const { task: now } = await aliceAsks(TASK, { id: task.id });

  assert.equal(now.title, 'A secret of Alice');
  assert.equal(now.completed, false);
  assert.equal(now.deletedAt, null);
  assert.equal(now.version, 1);
});

/** Bob's answer about the task of Alice: to the byte the one about an id that nobody has. */
async function answerTo(document, variablesFor) {
  const [hers, nobodys] = await Promise.all(
    [task.id, randomUUID()].map(async (id) => {
      const response = await post(taskward, bob.token, document, variablesFor(id));
      return {
        status: response.status,
        type: response.headers.get('content-type'),
        text: (await response.text()).replaceAll(id, '<id>'),
      };
    }),
  );
  assert.deepEqual(hers, nobodys);
  return hers;
}
