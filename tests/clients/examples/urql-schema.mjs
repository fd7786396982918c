import { readFileSync, writeFileSync } from 'node:fs';

import { getIntrospectedSchema, minifyIntrospectionQuery } from '@urql/introspection';

// A step of the build: node urql-schema.mjs schema.graphql src/schema.json
const [sdl, json] = process.argv.slice(2);
const schema = minifyIntrospectionQuery(getIntrospectedSchema(readFileSync(sdl, 'utf8')));
writeFileSync(json, JSON.stringify(schema));
