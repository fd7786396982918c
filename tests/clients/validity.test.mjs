// Which documents are valid: the server and graphql-js 17 agree, also on documents that nobody would
// write. And what the server answers to valid ones is what the schema and the document say.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { after, describe, test } from 'node:test';

import { Kind, parse, print, stripIgnoredCharacters, visit } from 'graphql-17';
import { SignJWT } from 'jose';

import { checkData, withTypes } from './harness/validity/answers.mjs';
import { graphqlRequest } from './harness/clients.mjs';
import { judge, schema } from './harness/validity/graphql-js.mjs';
import { EVERYTHING, EVERYWHERE } from './harness/validity/kitchen-sink.mjs';
import { RandomDocuments } from './harness/validity/random-documents.mjs';
import { Random } from './harness/validity/random.mjs';
import { changed, garbled } from './harness/validity/spoilt-documents.mjs';
import { startTaskward } from './harness/taskward.mjs';

/** Other seeds find other documents: `VALIDITY_SEED=7 node --test validity.test.mjs`. */
const SEED = Number(process.env.VALIDITY_SEED ?? 20261129);
const DOCUMENTS = Number(process.env.VALIDITY_DOCUMENTS ?? 20_000);
const ANSWERS = 400;
/** Requests at a time. */
const LANES = 8;

const BETTER_AUTH_SECRET = randomBytes(32).toString('base64');
const taskward = await startTaskward({ BETTER_AUTH_SECRET, TASKWARD_INTROSPECTION: 'true' });
const agent = new Agent({ keepAlive: true, maxSockets: LANES });
after(() => agent.destroy());

const IDS = Array.from(
  { length: 12 },
  (_, n) => `01939d00-0000-7000-8000-${String(n).padStart(12, '0')}`,
);
const [WORK, HOME, RED, BLUE, ...TASKS] = IDS;

const INVALID = ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED'];
const LIMITS = 'QUERY_TOO_COMPLEX';

/**
 * Where the two may differ, and why. Two more differences are known, which the documents of this test
 * avoid: to graphql-js, the arguments `"a"` and `"""a"""` differ, and `\u{…}` has at most 8 digits.
 */
const EXCEPTIONS = [
  {
    // graphql-js reads a newer grammar than that of September 2025.
    name: 'empty selections',
    covers: (document) => has(document, ({ selections }) => selections?.length === 0),
  },
  {
    // graphql-js 17.1 looks for them only where the `@oneOf` type itself is nullable.
    name: 'nullable variables in a `@oneOf` input that is an item of a list',
    covers: (document) => {
      const isNullable = (name) =>
        has(
          document,
          ({ kind, variable, type }) =>
            kind === Kind.VARIABLE_DEFINITION &&
            variable.name.value === name &&
            type.kind !== Kind.NON_NULL_TYPE,
        );
      const isOneOf = ({ kind, fields }) =>
        kind === Kind.OBJECT &&
        fields.length === 1 &&
        fields[0].value.kind === Kind.VARIABLE &&
        isNullable(fields[0].value.name.value);
      return has(document, ({ kind, values }) => kind === Kind.LIST && values.some(isOneOf));
    },
  },
];

/** Whether any node of the document is like that. */
function has(document, isLikeThat) {
  let isFound = false;
  visit(document, {
    enter(node) {
      isFound ||= isLikeThat(node);
    },
  });
  return isFound;
}

describe('the server and graphql-js agree', () => {
  for (const [what, text] of [
    ['all of the language', EVERYTHING],
    ['directives in every place', EVERYWHERE],
  ]) {
    for (const [how, form] of [
      ['as it is', text],
      ['as `print` writes it', print(parse(text))],
      ['in one line', stripIgnoredCharacters(text)],
    ]) {
      test(`on ${what}, ${how}`, async () => {
        const { errors } = judge(form);
        const { codes, body } = await verdict(form, 'Everything', {});

        const isInvalid = codes.some((code) => INVALID.includes(code));
        assert.equal(isInvalid, errors.length > 0, `${errors}\n${body}`);
        // Each of them is well formed.
        assert.ok(!codes.includes('GRAPHQL_PARSE_FAILED'), body);
      });
    }
  }

  test(`on ${DOCUMENTS} random documents`, async (t) => {
    const random = new Random(SEED);
    const documents = new RandomDocuments(schema, random, IDS);
    const kinds = [(text) => text, (text) => changed(text, random), (text) => garbled(text, random)];
    const counts = { valid: 0, invalid: 0, limits: 0, exceptions: 0 };
    const differences = [];

    const askOne = async (index) => {
      const text = kinds[index % kinds.length](documents.document());
      const { document, errors } = judge(text);
      const operation = document && random.pick(operationsOf(document));
      const values = operation ? documents.valuesFor(operation) : {};
      const name = operation?.name?.value;

      const { codes, body } = await verdict(text, name, values, operation?.operation);
      const isInvalid = codes.some((code) => INVALID.includes(code));
      if (codes.includes(LIMITS)) counts.limits += 1;
      else if (isInvalid === errors.length > 0) counts[isInvalid ? 'invalid' : 'valid'] += 1;
      else if (isInvalid && document && EXCEPTIONS.some(({ covers }) => covers(document))) {
        counts.exceptions += 1;
      } else differences.push({ text, name, values, errors, body });
    };
    await inLanes(DOCUMENTS, askOne);

    t.diagnostic(JSON.stringify(counts));
    differences.sort((one, other) => one.text.length - other.text.length);
    const shown = differences.slice(0, 10).map(
      ({ text, name, values, errors, body }) =>
        `${text}\n  operation ${name}, variables ${JSON.stringify(values)}\n` +
        `  graphql-js: ${errors.map(({ message }) => message).join('; ') || 'valid'}\n  server: ${body}`,
    );
    assert.equal(differences.length, 0, `${differences.length} differences:\n${shown.join('\n\n')}`);
    assert.ok(counts.valid > DOCUMENTS * 0.3 && counts.invalid > DOCUMENTS * 0.3);
    assert.ok(counts.limits < DOCUMENTS * 0.02);
  });
});

describe('an answer has what the document selects, of the types of the schema,', () => {
  test(`to ${ANSWERS} random queries, the first time and again`, async (t) => {
    const token = await tokenOf('alice');
    await fill(token);
    const counts = { complete: 0, withErrors: 0, refused: 0 };

    const askTwice = async ({ text, document, operation, values }) => {
      const name = operation.name?.value;
      const first = check(await ask(token, text, name, values), document, operation, values);
      const again = check(await ask(token, text, name, values), document, operation, values);

      // When all points are back is another instant each time.
      if (!text.includes('resetAt')) assert.deepEqual(again, first, text);
      counts[first.status !== 200 ? 'refused' : first.errors ? 'withErrors' : 'complete'] += 1;
    };
    await askSome('query', askTwice);

    t.diagnostic(JSON.stringify(counts));
    assert.ok(counts.complete > ANSWERS / 3, JSON.stringify(counts));
  });

  test(`to ${ANSWERS} random mutations`, async (t) => {
    const token = await tokenOf('bob');
    await fill(token);
    const counts = { complete: 0, withErrors: 0, refused: 0 };

    const askOnce = async ({ text, document, operation, values }) => {
      if (text.includes('signOut')) return;
      const answer = await ask(token, text, operation.name?.value, values);
      const { status, errors } = check(answer, document, operation, values);

      counts[status !== 200 ? 'refused' : errors ? 'withErrors' : 'complete'] += 1;
    };
    await askSome('mutation', askOnce);

    t.diagnostic(JSON.stringify(counts));
    assert.ok(counts.complete > ANSWERS / 10, JSON.stringify(counts));
  });
});

/** Valid documents with an operation of this kind. */
async function askSome(kind, askOne) {
  const random = new Random(SEED);
  const documents = new RandomDocuments(schema, random, IDS);
  await inLanes(ANSWERS, () => {
    for (;;) {
      const document = withTypes(schema, parse(documents.document()));
      const operation = random.pick(operationsOf(document));
      if (operation.operation !== kind) continue;
      const values = documents.valuesFor(operation);
      return askOne({ text: print(document), document, operation, values });
    }
  });
}

/** What is to be the same in the next answer, once it is found to be well formed. */
function check({ status, body }, document, operation, values) {
  const { data, errors, ...rest } = JSON.parse(body);
  try {
    assert.deepEqual(rest, {});
    assert.ok([200, 400].includes(status));
    const allowed = ['BAD_USER_INPUT', 'NOT_FOUND', 'CONFLICT'];
    const codes = errors?.map(({ extensions }) => extensions.code) ?? [];
    if (status === 400) assert.ok(codes.every((code) => [...allowed, LIMITS].includes(code)));
    else assert.ok(codes.every((code) => allowed.includes(code)));
    assert.equal(data === undefined, status === 400);
    if (!data) {
      assert.ok(errors.length > 0);
      return { status, errors };
    }
    return { status, errors, data: checkData(schema, document, operation, values, data) };
  } catch (error) {
    const asked = `${print(document)}\nvariables ${JSON.stringify(values)}\nanswer ${status} ${body}`;
    throw new Error(`${error.message}\n${asked}`, { cause: error });
  }
}

function operationsOf({ definitions }) {
  return definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
}

/** Something of each kind, under the ids that documents name. */
async function fill(token) {
  const send = graphqlRequest(taskward, token);
  const task = (id, n) => {
    const due = n % 2 ? { on: `2026-11-2${n}` } : { at: `2026-11-2${n}T09:30:00Z` };
    const place = n % 3 ? { listId: n % 2 ? WORK : HOME } : n ? { parentId: TASKS[0] } : {};
    const title = `Task ${n}: milk`;
    return { createTask: { id, title, due, priority: 'HIGH', tagIds: n % 2 ? [RED, BLUE] : [], ...place } };
  };
  const operations = [
    { createList: { id: WORK, name: 'Work', color: '#112233' } },
    { createList: { id: HOME, name: 'Home' } },
    { createTag: { id: RED, name: 'red', color: '#ff0000' } },
    { createTag: { id: BLUE, name: 'blue' } },
    ...TASKS.map(task),
    { updateTask: { id: TASKS[1], completed: true, description: 'done' } },
    { deleteTask: { id: TASKS[2] } },
  ];
  const { batch } = await send(
    'mutation ($operations: [BatchOperation!]!) { batch(input: {operations: $operations}) { results { error { message } } } }',
    { operations },
  );
  assert.ok(batch.results.every(({ error }) => error === null), JSON.stringify(batch));
}

function tokenOf(user) {
  return new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime('15m')
    .sign(new TextEncoder().encode(BETTER_AUTH_SECRET));
}

/**
 * The codes of the errors without a token: `UNAUTHENTICATED` for a document whose operation would run,
 * since a server looks for the token last.
 */
async function verdict(text, name, values, kind) {
  const accept = kind === 'subscription' ? 'text/event-stream' : undefined;
  const { body } = await ask(undefined, text, name, values, accept);
  const { errors = [] } = JSON.parse(/^data: (\{.*)/m.exec(body)?.[1] ?? body);
  return { body, codes: errors.map(({ extensions }) => extensions.code) };
}

/** One POST over a connection that stays open, cheaper than `fetch`. */
function ask(token, query, operationName, variables, accept = '*/*') {
  const body = JSON.stringify({ query, operationName, variables });
  const headers = { accept, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  if (token) headers.authorization = `Bearer ${token}`;
  return new Promise((resolve, reject) => {
    const sent = request(taskward.graphql, { method: 'POST', agent, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Does `work` so many times, a few at a time; documents are made in the same order in every run. */
async function inLanes(times, work) {
  let next = 0;
  const lane = async () => {
    while (next < times) await work(next++);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
