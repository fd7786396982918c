// Documents that are nearly valid: one thing about a valid one is changed, which may leave it valid.

import { Kind, parse, parseType, parseValue, print } from 'graphql-17';

/** Values that are wrong in many places: out of range, of another kind, or no value of a scalar of ours. */
const VALUES = [
  ...['1', '-0', '1.5', '1.0', '1e3', '2147483647', '2147483648', '-2147483649', '1e400'],
  ...['123456789012345678901234567890', 'true', 'null', 'NOPE', 'HIGH', '$v1', '$v2', '$nope'],
  ...['"a"', '"\\u0061"', '"\\uD83C\\uDF89"', '"\\u{1F389}"', '"""block\n  of lines"""', '"HIGH"'],
  ...['"2026-02-30"', '"2026-2-3"', '"2026-11-21T09:30:00"', '"P"', '"Mars/Olympus"'],
  ...['[]', '[1]', '[null]', '["a", "a"]', '[["a"]]', '[$v1]', '{}', '{a: 1}', '{a: {b: $v1}}'],
  ...['{on: "2026-12-01", at: null}', '{on: "2026-12-01", at: "2026-12-01T00:00:00Z"}', '{on: null}'],
  ...['{on: $v1}', '{field: DUE}', '{completed: true, completed: true}', '{not: {or: []}}'],
].map((text) => parseValue(text, { noLocation: true }));

const TYPES = ['ID', 'Int', 'Int!', 'Float', 'String', 'Boolean', 'Boolean!', 'Date', 'DueInput']
  .concat(['[ID]', '[ID!]', '[ID!]!', '[[ID]]', 'TaskFilter', 'CreateTaskInput', 'Task', 'Nope'])
  .map((text) => parseType(text, { noLocation: true }));

const NAMES = ['id', 'title', 'nodes', 'viewer', 'Task', 'Node', 'Query', 'User', 'HIGH', 'v1', 'v2'];

/** Nodes of the kind, with the list or the node that has them. */
function found(document, kinds) {
  const nodes = [];
  const look = (parent) => {
    for (const [key, child] of Object.entries(parent)) {
      if (child === null || typeof child !== 'object') continue;
      if (kinds.includes(child.kind)) nodes.push({ parent, key, node: child });
      look(child);
    }
  };
  look(document);
  return nodes;
}

const VALUE_KINDS = [Kind.INT, Kind.FLOAT, Kind.STRING, Kind.BOOLEAN, Kind.NULL, Kind.ENUM]
  .concat([Kind.LIST, Kind.OBJECT, Kind.VARIABLE]);
/** What stands in lists, and may be there once less or once more. */
const LISTED = [Kind.ARGUMENT, Kind.OBJECT_FIELD, Kind.FIELD, Kind.FRAGMENT_SPREAD]
  .concat([Kind.INLINE_FRAGMENT, Kind.FRAGMENT_DEFINITION, Kind.VARIABLE_DEFINITION])
  .concat([Kind.OPERATION_DEFINITION, Kind.DIRECTIVE]);
const TYPE_KINDS = [Kind.NAMED_TYPE, Kind.LIST_TYPE, Kind.NON_NULL_TYPE];

/** Changes of the syntax tree. Each changes something, where there is something to change. */
const CHANGES = [
  function misspellName(document, random) {
    const { node } = random.pick(found(document, [Kind.NAME]));
    const at = random.below(node.value.length + 1);
    const letter = random.pick(['', 'e', 'S', '_', '1']);
    const name = node.value.slice(0, at) + letter + node.value.slice(at + random.below(2));
    if (/^[A-Za-z_]/.test(name)) node.value = name;
  },
  function exchangeName(document, random) {
    const names = found(document, [Kind.NAME]);
    const { node } = random.pick(names);
    const others = names.map((name) => name.node.value);
    node.value = random.pick(random.chance(0.6) ? others : NAMES);
  },
  function drop(document, random) {
    const { parent, key } = random.pick(found(document, LISTED));
    if (Array.isArray(parent) && parent.length > 1) parent.splice(key, 1);
  },
  function dropArgument(document, random) {
    const place = random.pick(found(document, [Kind.ARGUMENT, Kind.OBJECT_FIELD]));
    place?.parent.splice(place.key, 1);
  },
  function double(document, random) {
    const { parent, node } = random.pick(found(document, LISTED));
    if (Array.isArray(parent)) parent.push(structuredClone(node));
  },
  function addArgument(document, random) {
    const place = random.pick(found(document, [Kind.ARGUMENT, Kind.OBJECT_FIELD]));
    if (!place) return;
    const names = ['first', 'id', 'ids', 'completed', 'title', 'on', 'at', 'before', 'after', 'nope'];
    const name = { kind: Kind.NAME, value: random.pick(names) };
    place.parent.push({ ...structuredClone(place.node), name, value: one(VALUES, random) });
  },
  function changeValue(document, random) {
    const values = found(document, VALUE_KINDS);
    const place = random.pick(values);
    if (!place || place.parent.kind === Kind.VARIABLE_DEFINITION) return;
    const others = values.map(({ node }) => node);
    place.parent[place.key] = one(random.chance(0.3) ? others : VALUES, random);
  },
  function changeDefault(document, random) {
    const place = random.pick(found(document, [Kind.VARIABLE_DEFINITION]));
    if (place) place.node.defaultValue = random.chance(0.2) ? undefined : one(VALUES, random);
  },
  function changeType(document, random) {
    const place = random.pick(found(document, TYPE_KINDS));
    if (!place) return;
    const { parent, key, node } = place;
    const isVariable = parent.kind === Kind.VARIABLE_DEFINITION;
    if (isVariable && random.chance(0.5)) {
      const isRequired = node.kind === Kind.NON_NULL_TYPE;
      parent.type = isRequired ? node.type : { kind: Kind.NON_NULL_TYPE, type: node };
    } else if (isVariable) parent.type = one(TYPES, random);
    else if (node.kind === Kind.NAMED_TYPE) parent[key] = one(TYPES.filter(isNamed), random);
  },
  function moveSelection(document, random) {
    const places = found(document, [Kind.FIELD, Kind.FRAGMENT_SPREAD, Kind.INLINE_FRAGMENT]);
    const { node } = random.pick(places);
    random.pick(places).parent.push(structuredClone(node));
  },
  function exchangeSelections(document, random) {
    const fields = found(document, [Kind.FIELD]).map(({ node }) => node);
    const selections = random.pick(fields).selectionSet;
    random.pick(fields).selectionSet = random.chance(0.5) ? undefined : structuredClone(selections);
  },
  function addAlias(document, random) {
    const { node } = random.pick(found(document, [Kind.FIELD])) ?? { node: {} };
    node.alias = { kind: Kind.NAME, value: random.pick(['a', 'id', 'title', 'nodes', '__typename']) };
  },
  function addFragment(document, random) {
    const unused = parse('fragment Unused on Query { __typename }', { noLocation: true });
    document.definitions.push(...unused.definitions);
    random.chance(0.5) && document.definitions.reverse();
  },
  function addVariable(document, random) {
    const [place] = found(document, [Kind.OPERATION_DEFINITION]);
    const names = ['v1', 'v2', 'unused'];
    place.node.variableDefinitions = [...(place.node.variableDefinitions ?? [])].concat({
      kind: Kind.VARIABLE_DEFINITION,
      variable: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: random.pick(names) } },
      type: one(TYPES, random),
    });
  },
  function addDirective(document, random) {
    const kinds = [Kind.FIELD, Kind.FRAGMENT_SPREAD, Kind.INLINE_FRAGMENT, Kind.OPERATION_DEFINITION];
    const place = random.pick(found(document, [...kinds, Kind.FRAGMENT_DEFINITION, Kind.VARIABLE_DEFINITION]));
    const added = random.pick(['skip(if: true)', 'include(if: $v1)', 'skip', 'include(if: null)'].concat(
      ['nope', 'deprecated', 'oneOf', 'include(if: true, if: true)', 'skip(if: "true")', 'skip(unless: 1)'],
    ));
    const [{ selectionSet }] = parse(`{ a @${added} }`, { noLocation: true }).definitions;
    place.node.directives = [...(place.node.directives ?? []), ...selectionSet.selections[0].directives];
  },
  function changeOperation(document, random) {
    const { node } = random.pick(found(document, [Kind.OPERATION_DEFINITION]));
    node.operation = random.pick(['query', 'mutation', 'subscription']);
  },
];

/** A copy, so that changes of one document do not reach the next. */
function one(nodes, random) {
  return structuredClone(random.pick(nodes));
}

function isNamed({ kind }) {
  return kind === Kind.NAMED_TYPE;
}

/** The same document with a change or two of its syntax tree. */
export function changed(text, random) {
  const document = structuredClone(parse(text, { noLocation: true }));
  for (let changes = random.chance(0.2) ? 2 : 1; changes > 0; changes -= 1) {
    random.pick(CHANGES)(document, random);
  }
  return print(document);
}

const LEXEMES =
  /"""(?:\\"""|[^])*?"""|"(?:\\.|[^"\\\n])*"|\.\.\.|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|#.*|[^\s]/g;
const PIECES = ['{', '}', '(', ')', '[', ']', ':', '=', '!', '@', '$', '|', '&', '...', '"', '"""', '\\']
  .concat(['id', 'on', 'query', 'mutation', 'subscription', 'fragment', 'schema', 'type', 'true', 'null'])
  .concat(['0', '00', '-', '1.', '.5', '1e', '1.5e3', '0x1', '1a', '"a"', '"\\x"', '"\\u12"', '"\\u{}"'])
  .concat(['"\\u{110000}"', '"\\uD800"', '"\\uDF89\\uD83C"', '"a\nb"', '"\u0007"', '#', ',', '\uFEFF'])
  .concat(['\u0000', '\u00A0', 'ä', '🎉', '{ }', '()', '[ ]', '$v1', '@skip(if: true)', '"d" :']);

/** The same document with a change or two of its tokens. */
export function garbled(text, random) {
  const tokens = text.match(LEXEMES);
  for (let changes = random.chance(0.2) ? 2 : 1; changes > 0; changes -= 1) {
    const [one, other] = [random.below(tokens.length), random.below(tokens.length)];
    random.pick([
      () => tokens.splice(one, 1),
      () => tokens.splice(one, 0, tokens[one]),
      () => tokens.splice(one, 0, tokens[other]),
      () => (tokens[one] = tokens[other]),
      () => (tokens[one] = random.pick(PIECES)),
      () => tokens.splice(one, 0, random.pick(PIECES)),
      () => ([tokens[one], tokens[other]] = [tokens[other], tokens[one]]),
    ])();
    if (!tokens.length) tokens.push('{');
  }
  return tokens.map((token) => (token.startsWith('#') ? `${token}\n` : token)).join(' ');
}
