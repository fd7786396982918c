// Finds what `schema.graphql` breaks for clients since a base, and what of it the changelog leaves
// out: `node schema-changes.mjs`. The base is the commit that SCHEMA_BASE names, else where this
// branch left the remote's (`origin/HEAD`, or `origin/main` where the checkout did not clone), else
// the commit before. Without any there is nothing to compare, and it passes: how CI fetches the
// project must not decide about it.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCHEMA = 'schema.graphql';
const CHANGELOG = 'docs/schema-changes.md';

/** Compares the project with its base: whether it may go on, and why. */
export async function checkProject(root = ROOT, baseName = process.env.SCHEMA_BASE) {
  const git = (...args) => {
    const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
    return status === 0 ? stdout.trim() : undefined;
  };
  const commit = (name) => git('rev-parse', '--verify', '--quiet', `${name}^{commit}`);
  const findBase = () => {
    const forks = ['origin/HEAD', 'origin/main'].map((name) => git('merge-base', 'HEAD', name));
    const fork = forks.find(Boolean);
    return fork && fork !== commit('HEAD') ? fork : commit('HEAD^1');
  };

  const base = baseName ? commit(baseName) : findBase();
  if (baseName && !base) {
    const says = `SCHEMA_BASE: there is no commit ${baseName} here; fetch it first.`;
    return { passes: false, says };
  }
  const before = base && git('show', `${base}:./${SCHEMA}`);
  if (!before) {
    const says = `Nothing is compared: there is no history here with an earlier ${SCHEMA}.`;
    return { passes: true, says };
  }
  const read = (path) => readFileSync(join(root, path), 'utf8');
  const old = new Set(git('show', `${base}:./${CHANGELOG}`)?.split('\n'));
  // A line of an earlier change speaks of that one alone.
  const news = read(CHANGELOG).split('\n').filter((line) => !old.has(line));
  return checkSchema(before, read(SCHEMA), news.join('\n'));
}

/** Compares two schemas: each break has to be named in what is new in the changelog. */
export async function checkSchema(before, after, news) {
  const changes = await diff(buildSchema(before), buildSchema(after));
  const breaks = changes
    .filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking)
    .map(({ path = 'schema', message }) => ({ path, message }));
  const unnamed = breaks.filter(({ path }) => !news.includes(`\`${path}\``));
  if (unnamed.length === 0) {
    return { passes: true, says: `Breaking changes of the schema, all named: ${breaks.length}.` };
  }
  const lines = unnamed.map(({ path, message }) => `- \`${path}\`: ${message}`);
  const says = `The schema breaks clients without saying so:
${lines.join('\n')}
Keep what they use (add the new beside the old, mark the old @deprecated), or, if it has to be, name
each in ${CHANGELOG}, at the top, by the path in backticks, with what a client has to do.`;
  return { passes: false, says };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { passes, says } = await checkProject();
  console.log(says);
  process.exitCode = passes ? 0 : 1;
}
