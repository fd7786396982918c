// A real Better Auth server, as an application sets it up: e-mail and password, the jwt plugin.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after } from 'node:test';

import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { jwt } from 'better-auth/plugins';

const DAY = 24 * 60 * 60;
const rotationInterval = 30 * DAY;
const gracePeriod = 30 * DAY;

/**
 * Starts Better Auth until the tests of this file are over. The settings are Better Auth's own:
 * `keyPairConfig` and `sessionCookieCache` of the jwt plugin, and `session`.
 */
export async function startBetterAuth({ keyPairConfig, sessionCookieCache, session } = {}) {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close().closeAllConnections());

  // The address becomes the issuer of its tokens, so it has to be known before the first of them.
  const origin = `http://127.0.0.1:${server.address().port}`;
  const secret = randomBytes(32).toString('base64');
  const letters = [];
  const auth = betterAuth({
    baseURL: origin,
    secret,
    database: memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] }),
    emailAndPassword: { enabled: true },
    emailVerification: {
      sendOnSignUp: true,
      sendVerificationEmail: async ({ user, token }) => {
        letters.push({ to: user.email, token });
      },
    },
    session,
    plugins: [
      jwt({ jwks: { keyPairConfig, rotationInterval, gracePeriod }, sessionCookieCache }),
    ],
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
  });
  server.on('request', toNodeHandler(auth));

  return {
    origin,
    secret,

    /** The token in the link of the verification letter to this user. */
    linkTokenFor: (user) => letters.find((letter) => letter.to === user.email).token,

    /** Signs claims of the test's choice with the present key. */
    sign: async (payload) => (await auth.api.signJWT({ body: { payload } })).token,

    /** Lets the time of a key run out: the next token is signed by a new one. */
    retireKey: (kid) => endKey(auth, kid, Date.now() - 1),

    /** Lets its grace period run out as well: it leaves the key set. */
    withdrawKey: (kid) => endKey(auth, kid, Date.now() - 1 - gracePeriod * 1000),
  };
}

/** Moves the end of a key, so that no test waits for it; what follows is Better Auth's doing. */
async function endKey(auth, kid, end) {
  const { adapter } = await auth.$context;
  await adapter.update({
    model: 'jwks',
    where: [{ field: 'id', value: kid }],
    update: { expiresAt: new Date(end) },
  });
}
