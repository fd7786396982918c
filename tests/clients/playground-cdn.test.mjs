// GraphiQL with its files from the CDN, for which npm's copies stand in.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';

import { graphqlRequest } from './harness/clients.mjs';
import { CREATE } from './harness/documents.mjs';
import { GraphiQL, startChromium, visit } from './harness/graphiql.mjs';
import { startTaskward } from './harness/taskward.mjs';

const CDN = 'https://unpkg.com';

const taskward = await startTaskward({});
const chromium = await startChromium();

/** Answers as the CDN does, or with changed files. */
const npm = (change = (content) => content) => async (route) => {
  const [, name, path] = route.request().url().match(/^https:\/\/unpkg\.com\/(.*?)@.*?\/(.*)$/);
  const file = new URL(`node_modules/${name}/${path}`, import.meta.url);
  await route.fulfill({
    body: change(await readFile(file, 'utf8')),
    contentType: path.endsWith('.css') ? 'text/css' : 'text/javascript',
    headers: { 'access-control-allow-origin': '*' },
  });
};

const skip = !chromium && 'Chromium is not installed';
describe('in a browser', { skip }, () => {
  test('the page finds its files and works', () => {
    const story = async (graphiql) => {
      await graphiql.turnsTo('LiveChanges');
      await graphiql.run();
      await graphiql.shows('"changes": []');
      const { Authorization } = JSON.parse(await graphiql.headers());
      const token = Authorization.replace('Bearer ', '');
      await graphqlRequest(taskward, token)(CREATE, { input: { title: 'From the phone' } });
      await graphiql.shows('"title": "From the phone"');

      await graphiql.turnsTo('Create');
      await graphiql.run();
      await graphiql.shows('"title": "Buy milk"', '"totalCount": 2');
      await graphiql.click('Show Documentation Explorer');
      await graphiql.click('Mutation', 'link');
      await graphiql.page.getByText('Into a list, under a parent, between siblings.').waitFor();
      await graphiql.click('Open settings dialog');
      await graphiql.page.getByText('Persist headers').waitFor();
      await graphiql.picture('from-the-cdn');
    };
    return visit(chromium, taskward, story, { elsewhere: npm(), cdn: [CDN] });
  });

  for (const [what, elsewhere] of [
    ['a file that is not the pinned one is not run', npm((content) => `${content} `)],
    ['without the network the page says so', undefined],
  ]) {
    test(what, async () => {
      const graphiql = await GraphiQL.open(chromium, taskward, { elsewhere });
      await graphiql.page.getByText('GraphiQL could not be loaded').waitFor();
      const refused = graphiql.faults.filter((fault) => fault.includes("'integrity' attribute"));
      assert.equal(refused.length, elsewhere ? 5 : 0, graphiql.faults.join('\n'));
      await graphiql.close();
    });
  }
});
