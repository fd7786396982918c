import { CombinedGraphQLErrors } from '@apollo/client';

import { explain } from './errors.mjs';

/** For the error that `client.query` and `client.mutate` throw. */
export const explainThrown = (error) =>
  explain(CombinedGraphQLErrors.is(error) ? error.errors : undefined);
