// The same story on each database.

import { describe, test } from 'node:test';

import { startPostgres } from './postgres.mjs';
import { startTaskward } from './taskward.mjs';

/**
 * Tells the story `tell(taskward)` on SQLite and, where it is installed, on PostgreSQL, with a
 * server each that knows the users of this Better Auth, and has these settings besides.
 */
export async function onEachDatabase(betterAuth, tell, settings) {
  const known = { BETTER_AUTH_URL: betterAuth.origin, ...settings };
  const start = (database) => startTaskward({ ...known, ...database });
  const scenes = [['SQLite', await start()]];
  const postgres = await startPostgres();
  if (postgres) scenes.push(['PostgreSQL', await start({ DATABASE_URL: postgres })]);
  else test('on PostgreSQL', { skip: 'PostgreSQL is not installed (no initdb was found)' });
  for (const [database, taskward] of scenes) describe(`on ${database}`, () => tell(taskward));
}
