// A change of the schema that breaks clients is named in the changelog.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { checkProject, checkSchema } from './schema-changes.mjs';

// Run by a hook of git, this would be about the repository of the hook.
for (const name of Object.keys(process.env)) {
  if (name.startsWith('GIT_')) delete process.env[name];
}

const OLD = 'type Query { task(id: ID!): Task } type Task { id: ID! title: String! due: String }';
const WITHOUT_DUE = 'type Query { task(id: ID!): Task } type Task { id: ID! title: String! }';
const WITH_MORE = OLD.replace('due: String', 'due: String notes: String');
const LINE = '- `Task.due` is gone: ask for `dueOn`.';

test('the project names what it breaks', async (t) => {
  const { passes, says } = await checkProject();

  t.diagnostic(says);
  assert.ok(passes, says);
});

describe('between two schemas', () => {
  test('a break that nobody names is told, and what to do about it', async () => {
    const { passes, says } = await checkSchema(OLD, WITHOUT_DUE, '');

    assert.equal(passes, false);
    assert.match(says, /^- `Task\.due`: .*removed/m);
    assert.match(says, /docs\/schema-changes\.md/);
  });

  test('a break that is named passes', async () => {
    assert.equal((await checkSchema(OLD, WITHOUT_DUE, LINE)).passes, true);
  });

  test('a safe change passes', async () => {
    assert.equal((await checkSchema(OLD, WITH_MORE, '')).passes, true);
  });

  for (const [what, before, after, path] of [
    ['another type of a field', 'title: Int', 'title: String', 'A.title'],
    ['a field that may now be null', 'title: Int!', 'title: Int', 'A.title'],
    ['an argument that is gone', 'tasks(first: Int): Int', 'tasks: Int', 'A.tasks.first'],
    ['an argument that is now needed', 'tasks: Int', 'tasks(first: Int!): Int', 'A.tasks.first'],
  ]) {
    test(`${what} is a break at its path`, async () => {
      const schema = (fields) => `type Query { a: A } type A { id: ID! ${fields} }`;
      const { says } = await checkSchema(schema(before), schema(after), '');

      assert.ok(says.includes(`- \`${path}\`: `), says);
    });
  }

  test('so is a value of an enum that is gone, and an input that asks for more', async () => {
    const before = 'type Query { a(b: B, c: C): Int } enum B { X Y } input C { d: Int }';
    const after = 'type Query { a(b: B, c: C): Int } enum B { X } input C { d: Int e: Int! }';
    const { says } = await checkSchema(before, after, '');

    assert.ok(says.includes('- `B.Y`: ') && says.includes('- `C.e`: '), says);
  });
});

describe('the base is', () => {
  test('the commit that is named', async () => {
    const project = newProject();
    project.commits(OLD);
    project.git('tag', 'released');
    project.commits(WITHOUT_DUE);
    project.commits(WITHOUT_DUE, 'Nothing else.\n');

    assert.equal((await checkProject(project.folder, '')).passes, true);
    assert.equal((await checkProject(project.folder, 'released')).passes, false);
  });

  test('not something that is not there', async () => {
    const project = newProject();
    project.commits(OLD);

    const { passes, says } = await checkProject(project.folder, 'nowhere');
    assert.equal(passes, false);
    assert.match(says, /no commit nowhere/);
  });

  test('where the branch left that of the remote', async () => {
    const remote = newProject();
    remote.commits(OLD);
    const clone = cloneOf(remote);
    clone.commits(WITHOUT_DUE);
    clone.commits(WITHOUT_DUE, 'Two commits later.\n');

    assert.equal((await checkProject(clone.folder, '')).passes, false);
    clone.commits(WITHOUT_DUE, LINE);
    assert.equal((await checkProject(clone.folder, '')).passes, true);
  });

  test('found in a checkout that did not clone, too', async () => {
    const remote = newProject();
    remote.commits(OLD);
    const checkout = newProject();
    checkout.git('remote', 'add', 'origin', pathToFileURL(remote.folder).href);
    checkout.git('fetch', '--quiet', 'origin');
    checkout.git('checkout', '--quiet', '-b', 'without-due', 'origin/main');
    checkout.commits(WITHOUT_DUE);
    checkout.commits(WITHOUT_DUE, 'Two commits later.\n');

    assert.equal((await checkProject(checkout.folder, '')).passes, false);
  });

  test('the commit before, on the branch of the remote itself', async () => {
    const remote = newProject();
    remote.commits(OLD);
    remote.commits(WITHOUT_DUE);

    assert.equal((await checkProject(cloneOf(remote).folder, '')).passes, false);
    remote.commits(WITHOUT_DUE, LINE);
    assert.equal((await checkProject(cloneOf(remote).folder, '')).passes, true);
  });

  test('nothing in a clone without history, in a first commit, and outside of git', async () => {
    const remote = newProject();
    remote.commits(OLD);
    remote.commits(WITHOUT_DUE);
    const first = newProject();
    first.commits(OLD);
    const outside = newFolder();
    writeFileSync(join(outside, 'schema.graphql'), OLD);

    for (const folder of [cloneOf(remote, '--depth=1').folder, first.folder, outside]) {
      const { passes, says } = await checkProject(folder, '');
      assert.equal(passes, true);
      assert.match(says, /no history/);
    }
  });
});

test('a line of an earlier break does not excuse a later one', async () => {
  const project = newProject();
  project.commits(OLD, LINE);
  project.commits(WITHOUT_DUE, LINE);

  assert.equal((await checkProject(project.folder, '')).passes, false);
  project.commits(OLD, LINE);
  project.commits(WITHOUT_DUE, `- \`Task.due\` is gone again.\n${LINE}`);
  assert.equal((await checkProject(project.folder, '')).passes, true);
});

function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'taskward-schema-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A project of its own under git. */
function newProject() {
  const project = projectIn(newFolder());
  project.git('init', '--quiet', '--initial-branch=main');
  return project;
}

function cloneOf({ folder, git }, ...options) {
  const clone = newFolder();
  git('clone', '--quiet', ...options, pathToFileURL(folder).href, clone);
  return projectIn(clone);
}

function projectIn(folder) {
  const settings = ['user.name=Alice', 'user.email=alice@example.com', 'commit.gpgSign=false'];
  const options = settings.flatMap((setting) => ['-c', setting]);
  const git = (...args) => execFileSync('git', [...options, ...args], { cwd: folder });
  return {
    folder,
    git,
    commits(schema, changelog = '') {
      mkdirSync(join(folder, 'docs'), { recursive: true });
      writeFileSync(join(folder, 'schema.graphql'), schema);
      writeFileSync(join(folder, 'docs/schema-changes.md'), changelog);
      git('add', '--all');
      git('commit', '--quiet', '--allow-empty', '--message=A change');
    },
  };
}
