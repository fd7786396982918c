// A PostgreSQL server of the tests' own.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort } from './taskward.mjs';

const SCRIPT = fileURLToPath(new URL('../../postgres.sh', import.meta.url));

/**
 * Starts PostgreSQL until this process is over, and answers the URL of its database;
 * nothing where it is not installed, except in CI, where it has to be.
 */
export async function startPostgres() {
  const programs = findPrograms();
  if (!programs) {
    assert.ok(!process.env.CI, 'in CI, PostgreSQL has to be installed');
    return undefined;
  }
  const port = await freePort();
  // It stops at the end of its input, so that it does not outlive this process.
  const stdio = ['pipe', 'pipe', 'ignore'];
  const shell = spawn('sh', [SCRIPT, programs, port], { stdio });
  const [said] = await Promise.race([once(shell.stdout, 'data'), once(shell, 'exit')]);
  assert.equal(String(said).trim(), 'ready', 'PostgreSQL starts');
  for (const handle of [shell, shell.stdin, shell.stdout]) handle.unref();
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

/** Where PostgreSQL's programs are: where Debian hides them, the newest first, or on the path. */
function findPrograms() {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort().reverse() : [];
  const folders = versions.map((version) => join(debian, version, 'bin'));
  folders.push(...process.env.PATH.split(delimiter));
  return folders.find((folder) => existsSync(join(folder, 'initdb')));
}
