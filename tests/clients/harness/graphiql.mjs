// GraphiQL as its users have it: in Chromium.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

/** How long the page may take to show something, in milliseconds. */
const PATIENCE = 20_000;
/** Where pictures of the steps are kept. */
const SCREENSHOTS =
  process.env.SCREENSHOTS || fileURLToPath(new URL('../../../target/screenshots', import.meta.url));

/**
 * Starts Chromium until the tests of this file are over; nothing where it is not installed, except
 * in CI, where it has to be.
 */
export async function startChromium() {
  const programs = process.env.PATH.split(delimiter).map((folder) => join(folder, 'chromium'));
  const executablePath = programs.find((program) => existsSync(program));
  if (!executablePath) {
    assert.ok(!process.env.CI, 'in CI, Chromium has to be installed');
    return undefined;
  }
  const browser = await chromium.launch({ executablePath, timeout: PATIENCE });
  after(() => browser.close());
  return browser;
}

/**
 * A user opens GraphiQL for the first time. At the end nothing may have gone wrong in the page, and
 * it may have asked no host but its own and `cdn`. What a failed story has come to is in a picture.
 */
export async function visit(browser, taskward, story, { elsewhere, cdn = [] } = {}) {
  const graphiql = await GraphiQL.open(browser, taskward, { elsewhere });
  try {
    await graphiql.isReady();
    await story(graphiql);
    assert.deepEqual(graphiql.faults, []);
    assert.deepEqual([...graphiql.others], cdn);
  } catch (error) {
    await graphiql.picture(`failure-${Date.now()}`).catch(() => {}); // of a page that is gone
    throw error;
  } finally {
    await graphiql.close();
  }
}

/** A browser profile of its own, in which GraphiQL of this server is opened. */
export class GraphiQL {
  /** What went wrong in the page: errors, violations of the policy, files that did not come. */
  faults = [];
  /** The other hosts that the page has asked. */
  others = new Set();

  /**
   * `elsewhere` answers what the page asks of other hosts; without it they are out of reach, as
   * without a network.
   */
  static async open(browser, taskward, { elsewhere = (route) => route.abort() } = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    context.setDefaultTimeout(PATIENCE);
    await context.route(({ origin }) => origin !== taskward.origin, elsewhere);
    const graphiql = new GraphiQL(await context.newPage(), taskward);
    await graphiql.page.goto(taskward.origin);
    return graphiql;
  }

  constructor(page, taskward) {
    this.page = page;
    this.taskward = taskward;
    page.on('request', (request) => {
      const { origin } = new URL(request.url());
      if (origin !== taskward.origin) this.others.add(origin);
    });
    page.on('pageerror', (error) => this.faults.push(error.message));
    page.on('console', (message) => {
      // A refusal by the API is no fault of the page, which shows it.
      const isRefusal = message.location().url === taskward.graphql;
      if (message.type() === 'error' && !isRefusal) this.faults.push(message.text());
    });
  }

  close() {
    return this.page.context().close();
  }

  /** Keeps a picture of what is seen now. */
  async picture(name) {
    await this.page.mouse.move(900, 700); // away from what would show a tooltip
    const path = join(SCREENSHOTS, `graphiql-${name}.png`);
    await this.page.screenshot({ path, animations: 'disabled' });
  }

  /** Waits until it is ready to be used. */
  isReady() {
    return this.page.locator('.graphiql-query-editor .cm-keyword').first().waitFor();
  }

  async reload() {
    await this.page.reload();
    await this.isReady();
  }

  /** Clicks what bears this name. */
  click(name, role = 'button') {
    return this.page.getByRole(role, { name, exact: true }).first().click();
  }

  /** The names of the tabs. */
  tabs() {
    return this.page.locator('.graphiql-tab').allInnerTexts();
  }

  async turnsTo(tab) {
    await this.click(tab, 'tab');
    await until(async () => (await this.#kept('operationName')) === tab, `the tab ${tab}`);
  }

  /** Runs what is in the tab, or stops it. */
  run() {
    return this.page.locator('.graphiql-execute-button').click();
  }

  /** Waits until the answer holds all these words, and answers it. */
  async shows(...words) {
    let answer;
    await until(async () => {
      answer = await read(this.#answer);
      return words.every((word) => answer.includes(word));
    }, () => `${words.join(', ')} in the answer\n${answer}`);
    return answer;
  }

  document() {
    return read(this.#editor('Query Editor'));
  }

  headers() {
    return read(this.#editor('Headers'));
  }

  /** Writes headers, and waits until they are kept. */
  async writesHeaders(headers) {
    await this.#editor('Headers').click();
    await this.page.keyboard.press('Control+A');
    await this.page.keyboard.insertText(JSON.stringify(headers));
    const written = async () => {
      const { activeTabIndex, tabs } = JSON.parse(await this.#kept('tabState'));
      return tabs[activeTabIndex].headers === JSON.stringify(headers);
    };
    await until(written, 'the headers to be kept');
  }

  /** What the policy refuses, once it has refused so many things, while something is tried. */
  async violations(count, tries, argument) {
    await this.page.evaluate(() => {
      window.violations = [];
      addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
        window.violations.push(`${effectiveDirective} ${blockedURI}`),
      );
    });
    await this.page.evaluate(tries, argument);
    let violations;
    await until(async () => {
      violations = await this.page.evaluate(() => window.violations);
      return violations.length >= count;
    }, () => `${count} violations, but of ${violations}`);
    return violations.sort();
  }

  /** What GraphiQL keeps in the browser. */
  #kept(name) {
    return this.page.evaluate((key) => localStorage.getItem(key), `graphiql:${name}`);
  }

  #editor(name) {
    return this.page.locator(
      `section[aria-label="${name}"] .graphiql-editor:not(.hidden) .CodeMirror`,
    );
  }

  get #answer() {
    return this.page.locator('.graphiql-response .CodeMirror');
  }
}

/** The whole text of an editor, which draws only what is in sight. */
function read(editor) {
  return editor.evaluate((element) => element.CodeMirror.getValue());
}

/** Waits for a condition of the page. */
async function until(condition, what) {
  const deadline = Date.now() + PATIENCE;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      assert.fail(`still waiting for ${typeof what === 'function' ? what() : what}`);
    }
    await pause(50);
  }
}
