const PAGE = `changes(since: $since) { cursor hasMore reset changes { kind id node {
  ... on Task { title completed deletedAt } ... on Tag { name } ... on TaskList { name } } } }`;
const READ = `query ($since: String) { ${PAGE} }`;
const FOLLOW = `subscription ($since: String) { ${PAGE} }`;
const SEND = `mutation ($operations: [BatchOperation!]!, $since: String) {
  batch(input: { operations: $operations, atomic: false }) { results { error { code message } } query { ${PAGE} } } }`;

/** A copy that works offline. Keep `local` (`{ objects: new Map(), cursor: null, outbox: [] }`) in IndexedDB. */
export function offlineFirst({ local, ask, socket, onRefused }) {
  const apply = ({ changes, cursor, reset }) => {
    if (reset) local.objects.clear();
    for (const { kind, id, node } of changes) kind === 'UPSERT' ? local.objects.set(id, node) : local.objects.delete(id);
    local.cursor = cursor; // in the same IndexedDB transaction
  };
  const readAll = async () => {
    const { changes: page } = await ask(READ, { since: local.cursor });
    apply(page);
    if (page.hasMore) await readAll();
  };
  const send = async () => {
    const [sent, since] = [local.outbox.slice(0, 100), local.cursor];
    if (sent.length === 0) return;
    const { batch } = await ask(SEND, { operations: sent.map(({ operation }) => operation), since });
    if (local.cursor === since) apply(batch.query.changes); // else the subscription was faster
    local.outbox.splice(0, sent.length);
    batch.results.forEach(({ error }, at) => error && onRefused(error, sent[at]));
    await send();
  };
  let sending = Promise.resolve(); // one at a time; what finds no answer stays in the outbox
  const flush = () => (sending = sending.then(send).catch(() => {}));
  return {
    async start() {
      if (local.cursor === null) await readAll();
      const variables = { get since() { return local.cursor; } }; // read anew on every connection
      socket.subscribe({ query: FOLLOW, variables }, { next: ({ data }) => apply(data.changes), error: console.error, complete() {} });
      socket.on('connected', flush);
      await flush();
    },
    edit(id, fields, operation) {
      local.outbox.push({ id, fields, operation });
      return flush();
    },
    /** What the user sees: the copy, and what waits in the outbox on top. */
    get: (id) => Object.assign({}, local.objects.get(id), ...local.outbox.filter((one) => one.id === id).map(({ fields }) => fields)),
  };
}
