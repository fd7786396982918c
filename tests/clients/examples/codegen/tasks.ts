import { print } from 'graphql';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { graphql } from './gql';
import type { UpdateTaskInput } from './gql/graphql';
import { createPost } from './post';

const tasksDocument = graphql(`
  query Tasks($first: Int, $after: String) {
    tasks(first: $first, after: $after) {
      nodes { id title priority completed dueOn }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

const updateTaskDocument = graphql(`
  mutation UpdateTask($input: UpdateTaskInput!) {
    updateTask(input: $input) { task { id title priority completed dueOn } }
  }
`);

/** `byId`: whether the server knows the documents from `persisted-documents.json`. */
export function createApi(url: string, freshToken: () => Promise<string>, byId = false) {
  const post = createPost(url, freshToken);
  const named = (document: any) =>
    byId ? { documentId: document.__meta__.hash } : { query: print(document) };

  async function ask<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data> {
    const { data, errors } = await post({ ...named(document), variables });
    if (errors) throw Object.assign(new Error(errors[0].message), { errors });
    return data;
  }

  return {
    tasks: async (after?: string | null) => (await ask(tasksDocument, { first: 50, after })).tasks,
    updateTask: async (input: UpdateTaskInput) =>
      (await ask(updateTaskDocument, { input })).updateTask!.task,
  };
}
