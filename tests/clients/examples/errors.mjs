/** What a front end says about the `errors` of an answer. Without any, there was no answer. */
export function explain([error] = []) {
  if (!error) return { text: 'No answer: try again' };
  const { message, extensions } = error;
  switch (extensions.code) {
    case 'UNAUTHENTICATED': // `reason`: TOKEN_EXPIRED, REVOKED, …
      return { text: 'Please log in again', reason: extensions.reason };
    case 'BAD_USER_INPUT': // `field`: the path of the argument, such as `input.title`
      return { text: message, field: extensions.field };
    case 'CONFLICT': // `version`: the present one, where the object is there
      return { text: 'It has been changed meanwhile', version: extensions.version };
    default:
      return { text: message, code: extensions.code };
  }
}
