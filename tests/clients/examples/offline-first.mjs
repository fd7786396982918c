const CHANGES = `changes(since: $since) {
  changes { kind id node {
    ... on Task { title completed deletedAt } ... on Tag { name } ... on TaskList { name }
  } }
  cursor hasMore reset
}`;
const READ = `query ($since: String) { ${CHANGES} }`;
const FOLLOW = `subscription ($since: String) { ${CHANGES} }`;
const SEND = `mutation ($operations: [BatchOperation!]!, $since: String) {
  batch(input: { operations: $operations, atomic: false }) {
    results { error { code message } }
    query { ${CHANGES} }
  }
}`;

/** Keep `local` in IndexedDB; it begins as `{ objects: new Map(), cursor: null, outbox: [] }`. */
export function offlineFirst({ local, ask, socket, onRefused }) {
  function apply({ changes, cursor, reset }) {
    if (reset) local.objects.clear();
    for (const { kind, id, node } of changes)
      kind === 'UPSERT' ? local.objects.set(id, node) : local.objects.delete(id);
    local.cursor = cursor;
  }
  async function readAll() {
    const page = (await ask(READ, { since: local.cursor })).changes;
    apply(page);
    if (page.hasMore) await readAll();
  }
  async function start() {
    if (local.cursor === null) await readAll();
    socket.on('connected', send);
    const variables = { get since() { return local.cursor; } }; // read anew on every connection
    const next = ({ data, errors }) => (data ? apply(data.changes) : onRefused(errors));
    socket.subscribe({ query: FOLLOW, variables }, { next, error: onRefused, complete() {} });
  }
  async function sendOutbox() {
    const { cursor: since, outbox } = local;
    const sent = outbox.slice(0, 100);
    if (sent.length === 0) return;
    const operations = sent.map(({ operation }) => operation);
    const { batch } = await ask(SEND, { operations, since });
    if (local.cursor === since) apply(batch.query.changes); // else the subscription was faster
    outbox.splice(0, sent.length);
    batch.results.forEach(({ error }, at) => error && onRefused(error, sent[at]));
    await sendOutbox();
  }
  let sending = Promise.resolve(); // one after the other; without an answer it stays in the outbox
  const send = () => (sending = sending.then(sendOutbox).catch(() => {}));

  const edit = (id, fields, operation) => (local.outbox.push({ id, fields, operation }), send());
  const edits = (id) => local.outbox.filter((edit) => edit.id === id).map(({ fields }) => fields);
  const get = (id) => Object.assign({}, local.objects.get(id), ...edits(id)); // what the user sees
  return { start, edit, get };
}
