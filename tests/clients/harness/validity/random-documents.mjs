// Random documents that are valid for a schema, and use all of the language.

import {
  doTypesOverlap,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
  isUnionType,
  getNullableType,
  parseConstValue,
  typeFromAST,
  valueFromASTUntyped,
} from 'graphql-17';

/** Past so many levels of fields only leaves are selected: well below the server's limit. */
const MAX_LEVEL = 5;
/** Pages within pages multiply, and the server limits the objects of an answer. */
const MAX_PAGES = 2;

/** What scalars take. No value is there in both forms of strings, which are different to graphql-js. */
const LITERALS = {
  Int: ['0', '1', '2', '3', '5', '-0', '-1', '100', '2147483647', '-2147483648'],
  Float: ['0', '1', '-1.5', '1e3', '2.5E-1', '3000000000'],
  Boolean: ['true', 'false'],
  String: [
    '""',
    '"milk"',
    '"Ä🎉 \\" \\\\ \\/ \\b\\f\\n\\r\\t # , {"',
    '"\\u006Dilk"',
    '"\\u{1F389} \\uD83C\\uDF89"',
    '""" a block\n   with "quotes" and \\""" \n  """',
    '""""""',
  ],
  ID: ['"1"', '7', '"Ä"', '"""an id"""', '99999999999999999999', '-0'],
  Date: ['"2026-11-21"', '"2024-02-29"', '"\\u{32}026-12-01"'],
  DateTime: ['"2026-11-21T09:30:00.000Z"', '"2026-11-21T09:30:00+02:00"'],
  Duration: ['"PT30M"', '"P7D"', '"P2W"'],
  TimeZone: ['"Europe/Berlin"', '"UTC"', '"""Asia/Tokyo"""'],
};

/** Documents for this schema, by these choices. `ids` are those that there is something of. */
export class RandomDocuments {
  constructor(schema, random, ids) {
    this.schema = schema;
    this.random = random;
    this.ids = ids.map((id) => JSON.stringify(id));
    this.composites = Object.values(schema.getTypeMap()).filter(
      (type) => isCompositeType(type) && !type.name.startsWith('__'),
    );
  }

  document() {
    const { random } = this;
    // Names of variables and of fields in the answer mean one thing in the whole document, so that all
    // fragments fit all operations and all fields of one name can be merged.
    this.variables = new Map();
    this.fields = new Map();
    this.fragments = [];
    this.names = 0;

    const operations = random.chance(0.88)
      ? [this.operation(this.kind(), random.chance(0.5) ? 'Q' : '')]
      : ['A', 'B'].map((name) => this.operation(this.kind(), name));
    const fragments = this.fragments.map(({ text }) => text);
    const definitions = random.chance(0.5)
      ? [...operations, ...fragments]
      : [...fragments, ...operations];
    return (random.chance(0.02) ? '\uFEFF' : '') + definitions.join(this.separator());
  }

  /** Values for the variables of an operation, as far as their types have some. */
  valuesFor(operation) {
    const values = {};
    for (const { variable, type: named, defaultValue } of operation.variableDefinitions ?? []) {
      const type = typeFromAST(this.schema, named);
      if (!type || isCompositeType(getNamedType(type))) continue;
      if ((defaultValue || !isNonNullType(type)) && this.random.chance(0.2)) continue;
      this.scope = undefined;
      values[variable.name.value] = valueFromASTUntyped(parseConstValue(this.value(type)));
    }
    return values;
  }

  kind() {
    return this.random.pick(['query', 'query', 'query', 'query', 'mutation', 'subscription']);
  }

  operation(kind, name) {
    const { random } = this;
    const type = {
      query: this.schema.getQueryType(),
      mutation: this.schema.getMutationType(),
      subscription: this.schema.getSubscriptionType(),
    }[kind];
    this.scope = new Set();
    this.budget = 6 + random.below(25);
    const body = kind === 'subscription' ? this.followed(type) : this.selectionSet(type, 0, 0);
    const used = [...this.scope];
    if (kind === 'query' && !name && !used.length && random.chance(0.6)) return body;
    const definitions = used.map((variable) => this.variables.get(variable).definition);
    const list = definitions.length ? `(${definitions.join(this.separator())})` : '';
    return `${this.description()}${kind} ${name}${list} ${body}`;
  }

  /** A subscription has one root field, which always is there. */
  followed(type) {
    const { random } = this;
    const { changes } = type.getFields();
    const field = () => this.field(changes, 0, 0);
    const first = field();
    // Once more, when nothing else is selected for it: the same field.
    const again = random.chance(0.1) ? ` ${first}` : '';
    const body = `{ ${first}${again} }`;
    return random.chance(0.2) ? `{ ... on ${type.name} ${body} }` : body;
  }

  selectionSet(type, level, pages) {
    const { random } = this;
    const selections = random.some(1, level === 0 ? 2 : 4, () => this.selection(type, level, pages));
    return `{ ${selections.join(this.separator())} }`;
  }

  selection(type, level, pages) {
    const { random } = this;
    this.budget -= 1;
    if (this.budget > 0 && random.chance(0.09)) {
      const condition = random.chance(0.8) ? this.overlapping(type) : undefined;
      const on = condition ? `on ${condition.name} ` : '';
      const directives = this.directives();
      return `... ${on}${directives}${this.selectionSet(condition ?? type, level, pages)}`;
    }
    if (this.budget > 0 && random.chance(0.09)) {
      return `...${this.fragment(type, level, pages)} ${this.directives()}`;
    }
    const fields = isUnionType(type) ? [] : Object.values(type.getFields());
    const fitting = fields.filter((field) => this.fits(field, level, pages));
    if (!fitting.length || random.chance(0.06)) return this.leaf('__typename');
    if (type === this.schema.getQueryType() && random.chance(0.04)) return this.introspection();
    return this.field(random.pick(fitting), level, pages);
  }

  fits(field, level, pages) {
    if (isLeafType(getNamedType(field.type))) return true;
    if (isPage(field) && pages === MAX_PAGES) return false;
    return level < MAX_LEVEL && this.budget > 0;
  }

  introspection() {
    const type = this.random.pick(this.composites).name;
    return this.named(
      '__type',
      `__type(name: "${type}")`,
      '{ kind name fields(includeDeprecated: true) { name args { name defaultValue } } }',
    );
  }

  leaf(name) {
    return this.named(name, name, this.directives());
  }

  field(field, level, pages) {
    const { random } = this;
    const known = this.fields.get(field.name);
    // The same once more now and then, also where the other one was selected on another type.
    const again = known?.field === field && this.scope && random.chance(0.3);
    const call = again ? known.call : `${field.name}${this.arguments(field)}`;
    if (again) known.variables.forEach((variable) => this.scope.add(variable));
    const type = getNamedType(field.type);
    const directives = level === 0 && field.name === 'changes' ? '' : this.directives();
    const body = isCompositeType(type)
      ? this.selectionSet(type, level + 1, pages + (isPage(field) ? 1 : 0))
      : '';
    return this.named(field.name, call, `${directives}${body}`, field);
  }

  /** The name under which a field is in the answer: its own or an alias that means this alone. */
  named(name, call, rest, field) {
    const alias = this.random.chance(0.1) ? this.random.pick(['a', 'title', 'id', 'b']) : name;
    const meaning = `${call}: ${field?.type}`;
    for (const key of [alias, name]) {
      const known = this.fields.get(key);
      if (known && known.meaning !== meaning) continue;
      const variables = call.match(/\$\w+/g)?.map((variable) => variable.slice(1)) ?? [];
      this.fields.set(key, { call, meaning, field, variables });
      return `${key === name ? '' : `${key}: `}${call} ${rest}`;
    }
    this.names += 1;
    return `x${this.names}: ${call} ${rest}`;
  }

  arguments({ name, args }) {
    const { random } = this;
    const chosen = args.filter((argument) => {
      if (isRequiredArgument(argument)) return true;
      // Pages are small, so that their answers are within the limits.
      return random.chance(argument.name === 'first' ? 0.85 : 0.1);
    });
    if (!chosen.length) return '';
    const values = chosen.map((argument) => {
      const small = argument.name === 'first' && name !== 'changes' && random.chance(0.9);
      const value = small
        ? String(random.below(5))
        : this.value(argument.type, { hasDefault: hasDefault(argument) });
      return `${argument.name}: ${value}`;
    });
    return `(${values.join(this.separator())})`;
  }

  /** A value of that type, with variables where there is an operation to declare them. */
  value(type, { hasDefault = false, depth = 0, mayBeNull = true } = {}) {
    const { random } = this;
    if (this.scope && random.chance(0.15)) return this.variable(type, hasDefault, mayBeNull);
    if (isNonNullType(type)) return this.value(type.ofType, { depth, mayBeNull: false });
    if (mayBeNull && random.chance(0.05)) return 'null';
    if (isListType(type)) {
      const item = (mayBeNull) => this.value(type.ofType, { depth: depth + 1, mayBeNull });
      // A variable is no item by itself: its type has to be the list's.
      if (random.chance(0.1)) return this.withoutVariables(() => item(false));
      return `[${random.some(0, 2, () => item(true)).join(this.separator())}]`;
    }
    if (isInputObjectType(type)) return this.object(type, depth);
    if (isEnumType(type)) return random.pick(type.getValues()).name;
    return random.pick(type.name === 'ID' && random.chance(0.6) ? this.ids : LITERALS[type.name]);
  }

  object(type, depth) {
    const { random } = this;
    const fields = Object.values(type.getFields());
    if (type.isOneOf) {
      const field = random.pick(fields);
      const value = this.value(field.type, { depth: depth + 1, mayBeNull: false });
      return `{${field.name}: ${value}}`;
    }
    const chosen = fields.filter(
      (field) => isRequiredInputField(field) || (depth < 4 && random.chance(depth ? 0.1 : 0.25)),
    );
    const entries = chosen.map((field) => {
      const value = this.value(field.type, { hasDefault: hasDefault(field), depth: depth + 1 });
      return `${field.name}: ${value}`;
    });
    return `{${entries.join(this.separator())}}`;
  }

  /** A variable that may stand where such a value is expected. */
  variable(type, hasDefault, mayBeNull) {
    const { random } = this;
    const wanted = isNonNullType(type) || !mayBeNull;
    const nullable = String(getNullableType(type));
    const suits = (variable) =>
      variable.nullable === nullable && (!wanted || variable.isNonNull || (hasDefault && mayBeNull));
    const known = [...this.variables].filter(([, variable]) => suits(variable));
    let name = known.length && random.chance(0.6) ? random.pick(known)[0] : undefined;
    if (!name) {
      const isNonNull = (wanted && !(hasDefault && random.chance(0.4))) || random.chance(0.3);
      const value = () => this.value(getNullableType(type), { mayBeNull: !isNonNull });
      const given = random.chance(0.25) ? ` = ${this.withoutVariables(value)}` : '';
      name = `v${this.variables.size + 1}`;
      const definition = `${this.description()}$${name}: ${nullable}${isNonNull ? '!' : ''}${given}`;
      this.variables.set(name, { nullable, isNonNull, definition });
    }
    this.scope.add(name);
    return `$${name}`;
  }

  withoutVariables(make) {
    const { scope } = this;
    this.scope = undefined;
    const made = make();
    this.scope = scope;
    return made;
  }

  directives() {
    const { random } = this;
    if (!random.chance(0.07)) return '';
    const condition = this.value(this.schema.getDirective('skip').args[0].type);
    return `@${random.pick(['include', 'skip'])}(if: ${condition}) `;
  }

  fragment(type, level, pages) {
    const { random } = this;
    const fitting = this.fragments.filter(
      (fragment) =>
        doTypesOverlap(this.schema, fragment.type, type) &&
        fragment.level >= level &&
        fragment.pages >= pages,
    );
    let fragment = random.chance(0.5) ? random.pick(fitting) : undefined;
    if (!fragment) {
      const condition = this.overlapping(type);
      const name = `F${++this.names}`;
      const around = this.scope;
      this.scope = new Set();
      const body = this.selectionSet(condition, level, pages);
      const text = `${this.description()}fragment ${name} on ${condition.name} ${body}`;
      fragment = { name, type: condition, level, pages, text, variables: this.scope };
      this.scope = around;
      // Known from here on only, so that it does not spread itself.
      this.fragments.push(fragment);
    }
    fragment.variables.forEach((variable) => this.scope.add(variable));
    return fragment.name;
  }

  /** A type that something of that type may also be. */
  overlapping(type) {
    const { random } = this;
    if (random.chance(isAbstractType(type) ? 0.2 : 0.6)) return type;
    const types = this.composites.filter((other) => doTypesOverlap(this.schema, type, other));
    return random.pick(types);
  }

  description() {
    if (!this.random.chance(0.06)) return '';
    return this.random.pick(['"what it is" ', '"""\nwhat it is\n"""\n', '"\\u{1F389}"']);
  }

  separator() {
    return this.random.pick([' ', ' ', ' ', '\n  ', ', ', ',,', ' # {\n', '\t', '\r\n']);
  }
}

function isPage({ args }) {
  return args.some(({ name }) => name === 'first');
}

function hasDefault({ default: given, defaultValue }) {
  return given !== undefined || defaultValue !== undefined;
}
