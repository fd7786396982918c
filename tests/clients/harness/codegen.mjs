// graphql-codegen on its examples.

import { layOut } from './project.mjs';

/**
 * Runs graphql-codegen and TypeScript on the examples: the project, and `persisted`, the documents
 * by id.
 */
export function compileCodegen() {
  const project = layOut({ settings: 'codegen/codegen.ts', code: ['post.ts', 'codegen/tasks.ts'] });
  project.succeeds('@graphql-codegen/cli/esm/bin.js', '--config', 'codegen.ts');
  project.succeeds('typescript/bin/tsc');
  const persisted = JSON.parse(project.read('src/gql/persisted-documents.json'));
  return { ...project, persisted };
}
