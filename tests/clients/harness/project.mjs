// A front end's project: an example beside the schema and the packages, for compilers to work on.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { SDL } from './schema.mjs';

const CLIENTS = fileURLToPath(new URL('..', import.meta.url));

/** How long a compiler may take, in milliseconds. */
const PATIENCE = 120_000;

/** As front ends have it, but for modules that can be loaded without a bundler. */
const TYPESCRIPT = {
  strict: true,
  skipLibCheck: true,
  target: 'es2022',
  lib: ['es2022', 'dom'],
  types: [],
  module: 'commonjs',
  moduleResolution: 'bundler',
  rootDir: 'src',
  outDir: 'out',
};

/**
 * Lays out examples as their reader does, until the tests of this file are over: the code in `src`,
 * the settings at the top.
 */
export function layOut({ settings, code }) {
  const folder = mkdtempSync(join(tmpdir(), 'taskward-project-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const from = (example) => readFileSync(join(CLIENTS, 'examples', example), 'utf8');
  const write = (path, text) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const read = (path) => readFileSync(join(folder, path), 'utf8');
  write(basename(settings), from(settings));
  for (const example of code) write(`src/${basename(example)}`, from(example));
  write('schema.graphql', readFileSync(SDL, 'utf8'));
  write('tsconfig.json', JSON.stringify({ compilerOptions: TYPESCRIPT, include: ['src'] }));
  symlinkSync(join(CLIENTS, 'node_modules'), join(folder, 'node_modules'));

  /** Runs a program of a package: what it said, and whether it was content. */
  const run = (program, ...args) => {
    const script = join(CLIENTS, 'node_modules', program);
    const options = { cwd: folder, timeout: PATIENCE, encoding: 'utf8' };
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], options);
    return { status, said: stdout + stderr };
  };

  return {
    folder,
    read,
    write,
    run,

    /** Runs a program that has to be content. */
    succeeds(program, ...args) {
      const { status, said } = run(program, ...args);
      assert.equal(status, 0, `${program} fails:\n${said}`);
    },

    /** Loads a module that TypeScript has written. */
    load: (name) => createRequire(join(folder, 'out/'))(`./${name}`),
  };
}
