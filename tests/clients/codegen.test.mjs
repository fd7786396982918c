// graphql-codegen: the types that it makes of the schema, held to what is right and what is wrong.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';

import { startBetterAuth } from './harness/better-auth.mjs';
import { graphqlRequest } from './harness/clients.mjs';
import { compileCodegen } from './harness/codegen.mjs';
import { CREATE } from './harness/documents.mjs';
import { startTaskward } from './harness/taskward.mjs';
import { signUp } from './harness/users.mjs';

const ID = '01a1fe7e-0a06-74ce-951e-62287d12b2f1';

const project = compileCodegen();

const RIGHT = {
  'leaves a field out': `api.updateTask({ id: '${ID}' })`,
  'clears a field': `api.updateTask({ id: '${ID}', description: null, due: null })`,
  'sets a field': `api.updateTask({ id: '${ID}', title: 'Buy oats', priority: 'HIGH' })`,
  'gives a due day': `api.updateTask({ id: '${ID}', due: { on: '2026-11-21' } })`,
  'reads what was asked for': `api.tasks().then(({ nodes }): string => nodes[0].title)`,
  'reads a day as text': `api.tasks().then(({ nodes }): string | null => nodes[0].dueOn)`,
};

const WRONG = {
  'forgets which task': `api.updateTask({ title: 'Buy oats' })`,
  'gives an id that is a number': `api.updateTask({ id: 1 })`,
  'gives a title that is a number': `api.updateTask({ id: '${ID}', title: 1 })`,
  'sets a field that is none': `api.updateTask({ id: '${ID}', done: true })`,
  'sets a priority that is none': `api.updateTask({ id: '${ID}', priority: 'HUGE' })`,
  'gives a Date for a day': `api.updateTask({ id: '${ID}', due: { on: new Date() } })`,
  'gives a due day and a due instant': `api.updateTask({ id: '${ID}', due: {
    on: '2026-11-21', at: '2026-11-21T09:30:00Z'
  } })`,
  'reads what was not asked for': `api.tasks().then(({ nodes }) => nodes[0].description)`,
  'takes for text what may be null': `api.tasks().then(({ nodes }): string => nodes[0].dueOn)`,
};

const complaints = checkAll({ ...RIGHT, ...WRONG });

describe('the types let through who', () => {
  for (const name of Object.keys(RIGHT)) {
    test(name, () => assert.deepEqual(complaints(name), []));
  }
});

describe('the types stop who', () => {
  for (const name of Object.keys(WRONG)) {
    test(name, () => assert.equal(complaints(name).length, 1));
  }
});

test('the example runs', async () => {
  const betterAuth = await startBetterAuth();
  const taskward = await startTaskward({ BETTER_AUTH_URL: betterAuth.origin });
  const alice = await signUp(betterAuth, 'Alice');
  const ask = graphqlRequest(taskward, alice.token);
  const { task } = (await ask(CREATE, { input: { title: 'Buy oats' } })).createTask;
  const api = project.load('tasks').createApi(taskward.graphql, alice.freshToken);

  const updated = await api.updateTask({ id: task.id, due: { on: '2026-11-21' } });
  const { nodes, pageInfo } = await api.tasks();

  const { id } = task;
  const [title, priority, completed, dueOn] = ['Buy oats', 'NONE', false, '2026-11-21'];
  assert.deepEqual(updated, { id, title, priority, completed, dueOn });
  assert.deepEqual(nodes, [updated]);
  assert.equal(pageInfo.hasNextPage, false);
  await assert.rejects(api.updateTask({ id, title: '' }), ({ errors }) => {
    assert.equal(errors[0].extensions.code, 'BAD_USER_INPUT');
    return true;
  });
});

test('each document is persisted under its hash', () => {
  const persisted = Object.entries(project.persisted);

  assert.equal(persisted.length, 2);
  for (const [id, document] of persisted) {
    assert.equal(id, `sha256:${createHash('sha256').update(document).digest('hex')}`);
  }
});

/** Has TypeScript check each use of the API: what it says to the one of that name. */
function checkAll(uses) {
  const names = Object.keys(uses);
  const file = (name) => `src/use-${names.indexOf(name)}.ts`;
  for (const name of names) {
    const imports = "import type { createApi } from './tasks';";
    const use = `export const use = (api: ReturnType<typeof createApi>) => ${uses[name]};`;
    project.write(file(name), `${imports}\n${use}\n`);
  }
  const { said } = project.run('typescript/bin/tsc', '--noEmit', '--pretty', 'false');
  const lines = said.split('\n');
  return (name) => lines.filter((line) => line.startsWith(`${file(name)}(`));
}
