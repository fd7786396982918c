/**
 * Posts to the API with the token that `freshToken` gave last. Where that is refused, it asks for
 * another one, once however many requests were refused.
 */
export function createPost(url: string, freshToken: () => Promise<string>) {
  let token: Promise<string> | undefined; // so that all who need one meanwhile wait for the same
  const ask = () =>
    freshToken().catch((error) => {
      token = undefined;
      throw error;
    });

  async function send(body: object) {
    const sent = (token ??= ask());
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await sent}` },
      body: JSON.stringify(body),
    });
    if (response.status === 401 && token === sent) token = undefined;
    return response;
  }

  return async (body: object) => {
    const first = await send(body);
    const response = first.status === 401 ? await send(body) : first;
    return response.json();
  };
}
