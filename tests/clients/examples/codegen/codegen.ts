import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: './schema.graphql',
  documents: './src/**/*.ts',
  generates: {
    './src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false, persistedDocuments: true },
      config: {
        scalars: {
          ID: 'string',
          Date: 'string',
          DateTime: 'string',
          Duration: 'string',
          TimeZone: 'string',
        },
        strictScalars: true, // a scalar that is not named here is an error, not `any`
        useTypeImports: true,
      },
    },
  },
};

export default config;
