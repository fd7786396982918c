import { CombinedGraphQLErrors, ServerError } from '@apollo/client';

/** What a front end says when `client.query` or `client.mutate` has thrown `error`. */
export function explain(error) {
  if (!CombinedGraphQLErrors.is(error))
    return { text: ServerError.is(error) ? `Status ${error.statusCode}` : 'No answer: try again' };
  const [{ message, extensions }] = error.errors;
  switch (extensions.code) {
    case 'UNAUTHENTICATED': // `reason`: TOKEN_EXPIRED, REVOKED, …
      return { text: 'Please log in again', reason: extensions.reason };
    case 'BAD_USER_INPUT': // `field`: the path of the argument, such as `input.title`
      return { text: message, field: extensions.field };
    case 'CONFLICT': // `version`: the present one
      return { text: 'Somebody else has changed it', version: extensions.version };
    default:
      return { text: message, code: extensions.code };
  }
}
