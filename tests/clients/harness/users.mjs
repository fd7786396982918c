// Users as Better Auth knows them: each has a browser, and in it the front end's own auth client.

import { createAuthClient } from 'better-auth/client';
import { jwtClient } from 'better-auth/client/plugins';

let signedUp = 0;

/** Signs a new user up over HTTP and fetches a first token, as a front end does after the login. */
export async function signUp(betterAuth, name) {
  const browser = new Browser(betterAuth.origin);
  const frontEnd = createAuthClient({
    baseURL: betterAuth.origin,
    plugins: [jwtClient()],
    fetchOptions: { customFetchImpl: browser.fetch, throw: true },
  });
  const { user, token: sessionToken } = await frontEnd.signUp.email({
    name,
    email: `${name.toLowerCase()}.${++signedUp}@example.com`,
    password: 'correct horse battery staple',
  });
  const freshToken = async () => (await frontEnd.token()).token;

  return {
    id: user.id,
    name: user.name,
    email: user.email,

    /** The JWT that the front end got after the login. */
    token: await freshToken(),
    /** Another one from `/api/auth/token`. */
    freshToken,
    /** Another one from the header that comes with each look at the session. */
    tokenBesideSession: () => tokenBesideSession(frontEnd),

    /** The opaque token of the session: good at Better Auth only. */
    sessionToken,
    cookie: (name) => browser.cookies.get(name),
  };
}

/**
 * Signs up a user whose login gives out `tokens` first, each made for that user, and good ones then.
 * `asked` tells how often it was asked by `nextToken`.
 */
export async function signUpForTokens(betterAuth, name, tokens) {
  const user = await signUp(betterAuth, name);
  const nextToken = async () => {
    asking.asked += 1;
    return (await tokens.shift()?.(user)) ?? user.freshToken();
  };
  const asking = { ...user, asked: 0, nextToken };
  return asking;
}

async function tokenBesideSession(frontEnd) {
  let token;
  await frontEnd.getSession({
    fetchOptions: {
      onSuccess({ response }) {
        token = response.headers.get('set-auth-jwt');
      },
    },
  });
  return token;
}

/** `fetch` with what a browser adds to it: the cookies and the origin of the page. */
class Browser {
  cookies = new Map();

  constructor(origin) {
    this.origin = origin;
  }

  fetch = async (url, request) => {
    const headers = new Headers(request.headers);
    headers.set('origin', this.origin);
    headers.set('cookie', [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { ...request, headers });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = cookie.match(/^([^=]+)=([^;]*)/);
      this.cookies.set(name, value);
    }
    return response;
  };
}
