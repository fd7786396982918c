// Whether an answer is one that the schema and the document allow (specification §6).

import assert from 'node:assert/strict';

import {
  getVariableValues,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  TypeInfo,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  visit,
  visitWithTypeInfo,
} from 'graphql-17';

import { SCALARS } from './graphql-js.mjs';

const isText = (value) => typeof value === 'string';
const LEAVES = {
  Int: (value) => Number.isInteger(value) && value === (value | 0),
  Float: Number.isFinite,
  Boolean: (value) => typeof value === 'boolean',
  String: isText,
  ID: isText,
  ...SCALARS,
  DateTime: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value),
};

/** Under this name an answer tells the type of what may be of several. */
const TYPE = 'theTypeOfThis';

/** The same document, asking for the types that its answers are to be checked by. */
export function withTypes(schema, document) {
  const info = new TypeInfo(schema);
  const alias = { kind: Kind.NAME, value: TYPE };
  const name = { kind: Kind.NAME, value: '__typename' };
  return visit(
    document,
    visitWithTypeInfo(info, {
      SelectionSet(set) {
        if (!isAbstractType(info.getParentType())) return undefined;
        return { ...set, selections: [{ kind: Kind.FIELD, alias, name }, ...set.selections] };
      },
    }),
  );
}

/**
 * Checks the data of an operation: which keys it has, in which order, and of what types they are.
 * Answers what has to be the same in another answer: all but what the clock says.
 */
export function checkData(schema, document, operation, values, data) {
  const { variableValues } = getVariableValues(schema, operation.variableDefinitions ?? [], values);
  const variables = variableValues.coerced;
  const fragments = new Map();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }

  const isSelected = ({ directives = [] }) =>
    directives.every(({ name, arguments: [{ value }] }) => {
      const condition = value.kind === Kind.VARIABLE ? variables[value.name.value] : value.value;
      return condition === (name.value === 'include');
    });

  const isOf = (type, condition) => {
    const other = condition ? schema.getType(condition.name.value) : type;
    return other === type || (isAbstractType(other) && schema.isSubType(other, type));
  };

  const collect = (type, set, fields) => {
    for (const selection of set.selections.filter(isSelected)) {
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value;
        fields.set(key, [...(fields.get(key) ?? []), selection]);
        continue;
      }
      const fragment =
        selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
      if (isOf(type, fragment.typeCondition)) collect(type, fragment.selectionSet, fields);
    }
    return fields;
  };

  const object = (declared, sets, value, path) => {
    const type = isAbstractType(declared) ? schema.getType(value[TYPE]) : declared;
    assert.ok(isObjectType(type), `${path} is an object of ${value[TYPE]}`);
    assert.ok(isOf(type, { name: { value: declared.name } }), `${path} is a ${type}, no ${declared}`);
    const fields = new Map();
    sets.forEach((set) => collect(type, set, fields));
    assert.deepEqual(Object.keys(value), [...fields.keys()], `${path} has the selected keys`);
    return [...fields].map(([key, [field, ...more]]) => {
      const definition = fieldOf(schema, type, field.name.value);
      const inner = [field, ...more].map(({ selectionSet }) => selectionSet);
      if (field.name.value === '__typename') assert.equal(value[key], type.name, `${path}.${key}`);
      const same = complete(definition.type, inner, value[key], `${path}.${key}`);
      return [key, definition.name === 'expiresIn' ? 'a number of seconds' : same];
    });
  };

  const complete = (type, sets, value, path) => {
    if (isNonNullType(type)) {
      assert.notEqual(value, null, `${path} is no null`);
      return complete(type.ofType, sets, value, path);
    }
    if (value === null) return null;
    if (isListType(type)) {
      assert.ok(Array.isArray(value), `${path} is a list`);
      return value.map((item, index) => complete(type.ofType, sets, item, `${path}.${index}`));
    }
    if (isCompositeType(type)) return object(type, sets, value, path);
    const isValid = isEnumType(type) ? (name) => type.getValue(name) : LEAVES[type.name];
    assert.ok(isValid(value), `${path} is a ${type}, not ${JSON.stringify(value)}`);
    return value;
  };

  return object(schema.getRootType(operation.operation), [operation.selectionSet], data, 'data');
}

function fieldOf(schema, type, name) {
  const meta = [SchemaMetaFieldDef, TypeMetaFieldDef, TypeNameMetaFieldDef];
  return type.getFields()[name] ?? meta.find((field) => field.name === name);
}
