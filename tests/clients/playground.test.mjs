// GraphiQL at `/`: what it is made of, and how it is to work with, in a real browser.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { buildSchema, parse, validate } from 'graphql';
import { SignJWT } from 'jose';

import { graphqlRequest } from './harness/clients.mjs';
import { CREATE } from './harness/documents.mjs';
import { GraphiQL, startChromium, visit } from './harness/graphiql.mjs';
import { SDL } from './harness/schema.mjs';
import { startTaskward } from './harness/taskward.mjs';

const CDN = 'https://unpkg.com';
const TASKWARD_PLAYGROUND_ASSETS = fileURLToPath(new URL('node_modules', import.meta.url));

const fromFolder = await startTaskward({ TASKWARD_PLAYGROUND_ASSETS });
const fromCdn = await startTaskward({});
const chromium = await startChromium();

const pageOf = async (taskward) => (await fetch(taskward.origin)).text();
const tokenOf = async (taskward) => (await pageOf(taskward)).match(/data-token="(.*?)"/)[1];
/** The addresses of the files that a page loads. */
const filesOf = (page) =>
  [...page.matchAll(/<(?:script src|link rel="stylesheet" href)="(.*?)"/g)].map(([, file]) => file);

describe('the files of the page', () => {
  test('come from the CDN, or all from the server', async () => {
    const own = filesOf(await pageOf(fromFolder));
    const others = filesOf(await pageOf(fromCdn));

    assert.equal(own.length, 5);
    assert.deepEqual(own, others.map((url) => url.replace(CDN, '/playground')));
    assert.ok(others.every((url) => url.startsWith(`${CDN}/`)));
    assert.doesNotMatch(await pageOf(fromFolder), /https?:\/\//, 'no other host is named');
  });

  test('may be kept for good, and are what they say', async () => {
    for (const file of filesOf(await pageOf(fromFolder))) {
      const { status, headers } = await fetch(fromFolder.origin + file);

      assert.equal(status, 200, file);
      const type = file.endsWith('.css') ? 'text/css' : 'text/javascript';
      assert.equal(headers.get('content-type'), `${type}; charset=utf-8`);
      assert.equal(headers.get('cache-control'), 'public, max-age=31536000, immutable');
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.ok(headers.get('x-request-id'), 'it is in the log like any other request');
    }
  });

  test('are all that can be had of the folder', async () => {
    const [file] = filesOf(await pageOf(fromFolder));
    assert.equal(await status(fromFolder, file), 200);
    for (const path of [
      '/playground',
      '/playground/',
      '/playground/graphiql@4.1.2/package.json',
      '/playground/graphiql/package.json',
      '/playground/graphiql/graphiql.min.css',
      file.replace('@', '%40') + '/..',
      file.replace('graphiql.min.css', '../react/package.json'),
      file.replace('graphiql.min.css', '..%2freact%2fpackage.json'),
      file.replace('graphiql.min.css', '%2e%2e/%2e%2e/package.json'),
      '/playground/../../package.json',
      '/playground//etc/passwd',
      file.replace(/@.*?\//, '@0.0.0/'),
    ]) {
      assert.equal(await status(fromFolder, path), 404, path);
    }
    assert.equal(await status(fromCdn, file), 404, 'without a folder there is none');
  });

  test('are for this machine alone in development', async () => {
    const [file] = filesOf(await pageOf(fromFolder));
    assert.equal(await status(fromFolder, file, { host: 'evil.example' }), 403);
  });
});

test('the examples are valid', async () => {
  const schema = buildSchema(await readFile(SDL, 'utf8'));
  const example = /<script type="application\/graphql".*?>(.*?)<\/script>/gs;
  const examples = [...(await pageOf(fromFolder)).matchAll(example)];

  assert.equal(examples.length, 3);
  for (const [, text] of examples) assert.deepEqual(validate(schema, parse(text)), []);
});

const skip = !chromium && 'Chromium is not installed';
describe('in a browser', { skip }, () => {
  const taskward = fromFolder;

  test('a first visit finds the token, the examples and the schema', () =>
    visit(chromium, taskward, async (graphiql) => {
      assert.deepEqual(await graphiql.tabs(), ['Today', 'Create', 'LiveChanges']);
      const headers = JSON.parse(await graphiql.headers());
      assert.deepEqual(headers, { Authorization: `Bearer ${await tokenOf(taskward)}` });
      await graphiql.picture('1-first-visit');

      await graphiql.click('Show Documentation Explorer');
      await graphiql.click('Query', 'link');
      await graphiql.page.getByText('Who is asking, and with which session.').waitFor();
      await graphiql.picture('2-schema');
    }));

  test('every corner can be opened', () =>
    visit(chromium, taskward, async ({ page }) => {
      await page.getByRole('button', { name: 'Open settings dialog' }).click();
      await page.getByRole('button', { name: 'Dark' }).click();
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Open short keys dialog' }).click();
      await page.getByText('Execute query').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Show History' }).click();
      const field = page.locator('.cm-property', { hasText: 'tasks' }).first();
      await field.hover();
      await page.locator('.CodeMirror-info').waitFor();
      await field.click();
      await page.keyboard.press('Control+Space');
      await page.locator('.CodeMirror-hints').waitFor();
    }));

  test('the examples answer', () =>
    visit(chromium, taskward, async (graphiql) => {
      await graphiql.turnsTo('Create');
      await graphiql.run();
      await graphiql.shows('"title": "Buy milk"', '"version": 1');
      await graphiql.picture('3-create');

      await graphiql.turnsTo('Today');
      await graphiql.run();
      await graphiql.shows('"title": "Buy milk"', '"overdue": false');
      await graphiql.picture('4-today');
    }));

  test('a refusal says why', () =>
    visit(chromium, taskward, async (graphiql) => {
      await graphiql.writesHeaders({});
      await graphiql.run();
      await graphiql.shows('"code": "UNAUTHENTICATED"', '"reason": "TOKEN_MISSING"', '"message"');
      await graphiql.picture('5-refusal');
    }));

  test('changes are seen as another device makes them', () =>
    visit(chromium, taskward, async (graphiql) => {
      await graphiql.turnsTo('LiveChanges');
      await graphiql.run();
      await graphiql.shows('"changes": []', '"cursor"');

      const ask = graphqlRequest(taskward, await tokenOf(taskward));
      await ask(CREATE, { input: { title: 'From the phone' } });

      await graphiql.shows('"kind": "UPSERT"', '"title": "From the phone"');
      await graphiql.picture('6-live-changes');
    }));

  test('a subscription takes the headers of the moment', () =>
    visit(chromium, taskward, async (graphiql) => {
      await graphiql.turnsTo('LiveChanges');
      const Authorization = `Bearer ${await tokenOf(taskward)}`;
      for (const [headers, answer] of [
        [{ Authorization: 'Bearer of.another.kind' }, 'closed: 4403 TOKEN_MALFORMED'],
        [{}, 'closed: 4403 TOKEN_MISSING'],
        [{ Authorization }, '"changes": []'],
      ]) {
        await graphiql.writesHeaders(headers);
        await graphiql.run();
        await graphiql.shows(answer);
      }
    }));

  test('headers and tabs stay over reloads', () =>
    visit(chromium, taskward, async (graphiql) => {
      await graphiql.turnsTo('Create');
      const headers = { Authorization: 'Bearer of.my.own', 'X-Mine': 'too' };
      await graphiql.writesHeaders(headers);
      for (let times = 0; times < 3; times++) {
        await graphiql.reload();
        assert.deepEqual(JSON.parse(await graphiql.headers()), headers);
        assert.match(await graphiql.document(), /mutation Create/);
        assert.deepEqual(await graphiql.tabs(), ['Today', 'Create', 'LiveChanges']);
      }
      await graphiql.picture('7-reload');
    }));

  test('the token of an earlier start gives way to that of this one', () =>
    visit(chromium, taskward, async (graphiql) => {
      const earlier = await tokenOf(taskward);
      await graphiql.turnsTo('Create');
      await graphiql.writesHeaders({ Authorization: `Bearer ${earlier}`, 'X-Mine': 'too' });
      // Tokens of the same second are the same.
      for (let starts = 0; (await tokenOf(taskward)) === earlier; starts++) {
        assert.ok(starts < 20, 'another start gives another token');
        await taskward.restart();
      }

      await graphiql.reload();

      const Authorization = `Bearer ${await tokenOf(taskward)}`;
      assert.deepEqual(JSON.parse(await graphiql.headers()), { Authorization, 'X-Mine': 'too' });
      for (const tab of ['Today', 'LiveChanges']) {
        await graphiql.turnsTo(tab);
        assert.deepEqual(JSON.parse(await graphiql.headers()), { Authorization });
      }
    }));

  test('what the page does not bring along does not run', async () => {
    const graphiql = await GraphiQL.open(chromium, taskward);
    await graphiql.isReady();
    const own = filesOf(await pageOf(taskward)).at(-1);
    const tries = (own) => {
      const add = (name, properties) =>
        document.body.append(Object.assign(document.createElement(name), properties));
      add('script', { textContent: 'window.hasRun = true' });
      add('script', { src: own });
      add('style', { textContent: 'body { display: none }' });
      add('img', { src: 'https://elsewhere.example/' });
      add('iframe', { src: 'https://elsewhere.example/' });
      setTimeout('window.hasRun = true');
      fetch('https://elsewhere.example/').catch(() => {});
    };

    const refused = await graphiql.violations(7, tries, own);

    assert.deepEqual(refused, [
      'connect-src https://elsewhere.example/',
      'frame-src https://elsewhere.example',
      'img-src https://elsewhere.example/',
      'script-src eval',
      'script-src-elem inline',
      `script-src-elem ${taskward.origin}${own}`,
      'style-src-elem inline',
    ].sort());
    assert.equal(await graphiql.page.evaluate(() => window.hasRun), undefined);
    await graphiql.close();
  });

  test('in production everybody brings a token', async () => {
    const secret = randomBytes(32).toString('base64');
    const taskward = await startTaskward({
      TASKWARD_PLAYGROUND_ASSETS,
      TASKWARD_PLAYGROUND: 'true',
      TASKWARD_INTROSPECTION: 'true',
      BETTER_AUTH_SECRET: secret,
    });
    const tokenFor = (user) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(user)
        .setExpirationTime('5 minutes')
        .sign(new TextEncoder().encode(secret));
    const [alice, bob] = [await tokenFor('alice'), await tokenFor('bob')];

    await visit(chromium, taskward, async (graphiql) => {
      assert.equal(await graphiql.headers(), '');
      await graphiql.click('Show Documentation Explorer');
      await graphiql.page.getByRole('link', { name: 'Query', exact: true }).waitFor();

      await graphiql.turnsTo('LiveChanges');
      for (const [token, title] of [
        [alice, 'Of Alice'],
        [bob, 'Of Bob'],
      ]) {
        await graphiql.writesHeaders({ Authorization: `Bearer ${token}` });
        await graphiql.run();
        await graphiql.shows('"changes": []');
        await graphqlRequest(taskward, token)(CREATE, { input: { title } });
        await graphiql.shows(title);
        await graphiql.run();
      }
    });
  });
});

/** The status of a path that is sent as it stands, as no browser would. */
function status({ origin }, path, headers) {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(10_000);
    const options = { hostname, port, path, headers, signal };
    request(options, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
}
