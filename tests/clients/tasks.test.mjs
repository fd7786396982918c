// What users do with their tasks, through each of the clients alike.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';

import { startBetterAuth } from './harness/better-auth.mjs';
import { clients } from './harness/clients.mjs';
import { CREATE, DELETE, RESTORE, TASK, TASKS, UPDATE } from './harness/documents.mjs';
import { startTaskward } from './harness/taskward.mjs';
import { signUp } from './harness/users.mjs';

const betterAuth = await startBetterAuth();
const taskward = await startTaskward({ BETTER_AUTH_URL: betterAuth.origin });

for (const [name, connect] of Object.entries(clients)) {
  /** A user with an empty list of tasks. */
  const newcomer = async () => {
    const { token } = await signUp(betterAuth, 'Alice');
    const ask = connect(taskward, token);
    return {
      ask,
      async writes(input) {
        return (await ask(CREATE, { input })).createTask.task;
      },
      async reads(id) {
        return (await ask(TASK, { id })).task;
      },
      async lists(page) {
        return (await ask(TASKS, page)).tasks;
      },
    };
  };

  describe(`a user of ${name}`, () => {
    test('writes a task and reads it back', async () => {
      const alice = await newcomer();

      const written = await alice.writes({
        title: '  Buy oats ',
        description: 'The *rolled* ones 🌾',
        priority: 'HIGH',
      });
      const task = await alice.reads(written.id);

      assert.deepEqual(task, {
        id: written.id,
        title: 'Buy oats',
        description: 'The *rolled* ones 🌾',
        completed: false,
        completedAt: null,
        priority: 'HIGH',
        deletedAt: null,
        version: 1,
      });
    });

    test('lists the tasks page by page, the newest first', async () => {
      const alice = await newcomer();
      for (const title of ['first', 'second', 'third']) await alice.writes({ title });

      const top = await alice.lists({ first: 2 });
      assert.deepEqual(titles(top), ['third', 'second']);
      assert.equal(top.pageInfo.hasNextPage, true);
      assert.equal(top.pageInfo.hasPreviousPage, false);
      assert.equal(top.totalCount, 3);

      const rest = await alice.lists({ first: 2, after: top.pageInfo.endCursor });
      assert.deepEqual(titles(rest), ['first']);
      assert.equal(rest.pageInfo.hasNextPage, false);
      assert.equal(rest.pageInfo.hasPreviousPage, true);
      assert.equal(rest.totalCount, 3);
    });

    test('completes a task, says so again, and reopens it', async () => {
      const alice = await newcomer();
      const { id } = await alice.writes({ title: 'Water the plants' });
      const sets = async (completed) =>
        (await alice.ask(UPDATE, { input: { id, completed } })).updateTask.task;

      const done = await sets(true);
      assert.equal(done.completed, true);
      assert.ok(Date.parse(done.completedAt), `an instant: ${done.completedAt}`);
      assert.equal(done.version, 2);

      assert.deepEqual(await sets(true), done, 'saying it twice changes nothing');

      const open = await sets(false);
      assert.equal(open.completed, false);
      assert.equal(open.completedAt, null);
      assert.equal(open.version, 3);
    });

    test('deletes a task and takes it back', async () => {
      const alice = await newcomer();
      const { id } = await alice.writes({ title: 'Call home' });

      const { deleteTask } = await alice.ask(DELETE, { input: { id } });
      assert.deepEqual(deleteTask.deletedIds, [id]);
      assert.equal((await alice.lists()).totalCount, 0);
      const trashed = await alice.reads(id);
      assert.ok(Date.parse(trashed.deletedAt), `an instant: ${trashed.deletedAt}`);

      const { restoreTask } = await alice.ask(RESTORE, { input: { id } });
      assert.deepEqual(restoreTask.task, { id, title: 'Call home', deletedAt: null, version: 3 });
      assert.deepEqual(titles(await alice.lists()), ['Call home']);
    });

    test('sends a new task again after a lost reply, and has it once', async () => {
      const alice = await newcomer();
      const id = randomUUID();

      const task = await alice.writes({ id, title: 'Pay the rent' });
      const again = await alice.writes({ id, title: 'Pay the rent' });
      const inCapitals = await alice.writes({ id: id.toUpperCase(), title: 'Pay it now' });

      assert.equal(task.id, id);
      assert.deepEqual(again, task);
      assert.deepEqual(inCapitals, task, 'the task that exists, as it is');
      assert.equal((await alice.lists()).totalCount, 1);
    });
  });
}

function titles(page) {
  return page.nodes.map((task) => task.title);
}
