// The built server, as a process of its own on an empty SQLite file.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, afterEach } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** How long the server may take to become ready, and to stop, in milliseconds. */
const PATIENCE = 15_000;

// Tests that are broken off end by `exit` too, so that no server outlives them.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/**
 * Starts taskward with these settings (environment variables) until the tests of this file are
 * over, and waits until it is ready. When a test fails, what the server logged meanwhile is shown.
 */
export async function startTaskward(settings) {
  const folder = mkdtempSync(join(tmpdir(), 'taskward-'));
  const listen = `127.0.0.1:${await freePort()}`;
  const origin = `http://${listen}`;
  const log = collectLog();
  const launch = () =>
    launchProgram(folder, log, {
      DATABASE_URL: `sqlite://${join(folder, 'taskward.db')}`,
      TASKWARD_LISTEN: listen,
      // Tests ask faster than people do.
      TASKWARD_RATE_LIMIT: '0',
      TASKWARD_ANONYMOUS_RATE_LIMIT: '0',
      ...settings,
    });

  let server = launch();
  const leaveNothingBehind = () => {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', leaveNothingBehind);
  const untilServing = () =>
    Promise.race([
      untilReady(origin),
      server.exited.then(({ code }) =>
        assert.fail(`taskward exited with code ${code} before it was ready`),
      ),
    ]).catch((error) => {
      leaveNothingBehind();
      throw new Error(`${error.message}\nThe log of taskward:\n${log.takeNew()}`);
    });
  await untilServing();

  afterEach((test) => {
    const news = log.takeNew();
    if (!test.passed) test.diagnostic(`The log of taskward at ${listen} meanwhile:\n${news}`);
  });
  after(() => server.stop());

  return {
    origin,
    graphql: `${origin}/graphql`,

    /** Stops it in peace, and starts it again at the same address and on the same data. */
    async restart() {
      await server.stop();
      server = launch();
      await untilServing();
    },
  };
}

/** One process of the server. */
function launchProgram(folder, log, env) {
  // Neither the developer's environment nor a `.env` nearby has a say.
  const stdio = ['ignore', 'pipe', 'pipe'];
  const child = spawn(findProgram(), { cwd: folder, env, stdio });
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  log.follow(child);
  const kill = () => child.kill('SIGKILL');
  return {
    exited,
    kill,
    async stop() {
      child.kill('SIGTERM');
      const overdue = setTimeout(kill, PATIENCE);
      const end = await exited;
      clearTimeout(overdue);
      const stopped = `taskward stops in peace on SIGTERM; its log:\n${log.takeNew()}`;
      assert.deepEqual(end, { code: 0, signal: null }, stopped);
    },
  };
}

function findProgram() {
  const built = fileURLToPath(new URL('../../../target/debug/taskward', import.meta.url));
  const program = resolve(process.env.TASKWARD_BIN || built);
  if (!existsSync(program)) {
    throw new Error(
      `There is no taskward at ${program}. ` +
        'Run `cargo build` in the project first, or name a built one in TASKWARD_BIN.',
    );
  }
  return program;
}

/** A port that nothing listens on. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function collectLog() {
  let lines = '';
  return {
    follow(child) {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => (lines += text));
      }
    },

    /** What was logged since the last look. */
    takeNew() {
      const news = lines;
      lines = '';
      return news || '(nothing)';
    },
  };
}

async function untilReady(origin) {
  const deadline = Date.now() + PATIENCE;
  let state = 'it did not answer';
  while (Date.now() < deadline) {
    try {
      const answer = await fetch(`${origin}/readyz`);
      if (answer.status === 200) return;
      state = `/readyz said ${answer.status} ${await answer.text()}`;
    } catch {
      // Nobody listens yet.
    }
    await pause(50);
  }
  throw new Error(`taskward was not ready after ${PATIENCE / 1000} s: ${state}`);
}
