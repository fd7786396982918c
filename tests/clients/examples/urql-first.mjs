import { Client, fetchExchange, gql } from '@urql/core';

const CREATE = gql`
  mutation ($input: CreateTaskInput!) {
    createTask(input: $input) {
      task { id title version }
      query { tasks(first: 10) { nodes { id title completed } totalCount } }
    }
  }
`;

/** `url` is `http://127.0.0.1:4000/graphql`. */
export async function buyMilk(url) {
  const login = await fetch('/api/auth/token', { credentials: 'include' });
  const { token } = await login.json();
  const client = new Client({
    url,
    exchanges: [fetchExchange],
    fetchOptions: { headers: { authorization: `Bearer ${token}` } },
    preferGetMethod: false,
  });

  return client.mutation(CREATE, { input: { title: 'Buy milk', due: { on: '2026-12-01' } } });
}
