// graphql-js 17 as the reference: what it says of a document.

import { readFileSync } from 'node:fs';

import { buildSchema, GraphQLError, Kind, parse, validate } from 'graphql-17';

import { SDL } from '../schema.mjs';

const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const SPAN = /^P(?=.)(\d+W|(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?)$/;

const ZONES = new Set([...Intl.supportedValuesOf('timeZone'), 'UTC']);

/** Which strings our own scalars take; enough for what the tests make. */
export const SCALARS = {
  Date: (text) => {
    const [, year, month, day] = DAY.exec(text) ?? [];
    const date = new Date(Date.UTC(year, month - 1, day));
    return date.getUTCMonth() === month - 1 && date.getUTCDate() === Number(day);
  },
  DateTime: (text) => INSTANT.test(text) && !Number.isNaN(Date.parse(text)),
  Duration: (text) => SPAN.test(text),
  TimeZone: (text) => ZONES.has(text),
};

export const schema = buildSchema(readFileSync(SDL, 'utf8'));
for (const [name, isValid] of Object.entries(SCALARS)) {
  const read = (value) => {
    if (typeof value === 'string' && isValid(value)) return value;
    throw new GraphQLError(`that is no ${name}`);
  };
  const scalar = schema.getType(name);
  scalar.parseValue = scalar.coerceInputValue = read;
  scalar.parseLiteral = (node) => read(node.kind === Kind.STRING ? node.value : undefined);
  scalar.coerceInputLiteral = scalar.parseLiteral;
}

/** What a document is to graphql-js: `errors`, and the `document` unless they are of its syntax. */
export function judge(text) {
  try {
    const document = parse(text);
    return { document, errors: validate(schema, document) };
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { errors: [error] };
  }
}
