// What the documentation shows is the very code that the other tests run.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { test } from 'node:test';

const ROOT = new URL('../../', import.meta.url);
const EXAMPLES = 'tests/clients/examples/';

/** `<!-- tests/clients/examples/some.mjs -->`, and under it the code. */
const SHOWN = /^<!-- (tests\/clients\/examples\/\S+) -->\n+```\w*\n(.*?)^```$/gms;

const read = (path) => readFile(new URL(path, ROOT), 'utf8');
const docs = (await readdir(new URL('docs/', ROOT))).filter((name) => extname(name) === '.md');
const paths = ['README.md', ...docs.map((name) => `docs/${name}`)];
const documents = await Promise.all(paths.map(read));
const shown = documents.flatMap((document) => [...document.matchAll(SHOWN)]);

for (const { 1: path, 2: code, index, input: document } of shown) {
  test(`${path} is shown as it is`, async () => {
    assert.equal(code, await read(path));
  });

  test(`${path} has its name before it, for those who copy it`, () => {
    const words = document.slice(0, index).match(/(?<=`)[^`\s]+(?=`)/g) ?? [];
    const names = words.map((word) => basename(word));
    assert.ok(names.includes(basename(path)), `\`${basename(path)}\``);
  });
}

test('every example is shown', async () => {
  const entries = await readdir(new URL(EXAMPLES, ROOT), { recursive: true });
  const files = entries.filter((name) => extname(name));
  const names = shown.map(([, path]) => path.slice(EXAMPLES.length));

  assert.deepEqual(names.sort(), files.sort());
});
