// The schema as a front end builds it in.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
export const SDL = path('../../../schema.graphql');

/** The JSON that urql's step of the build makes of it. */
export function introspect() {
  const folder = mkdtempSync(join(tmpdir(), 'taskward-schema-'));
  const json = join(folder, 'schema.json');
  execFileSync(process.execPath, [path('../examples/urql-schema.mjs'), SDL, json]);
  const schema = JSON.parse(readFileSync(json, 'utf8'));
  rmSync(folder, { recursive: true });
  return schema;
}
