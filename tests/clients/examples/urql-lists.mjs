import { relayPagination } from '@urql/exchange-graphcache/extras';

const merge = relayPagination();

/** A list with all its pages so far. One without arguments has no more, and `merge` wants some. */
export const pages = (parent, args, cache, info) =>
  Object.keys(args).length > 0
    ? merge(parent, args, cache, info)
    : cache.resolve(info.parentKey, info.fieldName);

/** Where the objects of a type are listed. */
const LISTS = { Task: 'tasks', Tag: 'tags', TaskList: 'lists' };

const pagesOf = (cache, types = Object.keys(LISTS)) =>
  cache
    .inspectFields('Query')
    .filter(({ fieldName }) => types.some((type) => LISTS[type] === fieldName));

const edgesOf = (cache, { fieldKey }) => cache.resolve(cache.resolve('Query', fieldKey), 'edges');

export const isListed = (cache, { type, id }) =>
  pagesOf(cache, [type]).some((page) =>
    edgesOf(cache, page)?.some((edge) => cache.resolve(edge, 'node') === id),
  );

/** Who shows a list reads it again from its first page, unless this payload has just done so. */
export function readAgain(cache, type, payload = {}) {
  if (payload === null) return; // refused
  for (const { fieldKey, arguments: args } of pagesOf(cache, [type]))
    if (!payload.query?.[LISTS[type]] || args?.after) cache.invalidate('Query', fieldKey);
}

/** Takes what was deleted out of all lists, and away. */
export function forget(cache, ids = []) {
  const isKept = (edge) => !ids.includes(cache.resolve(edge, 'node'));
  for (const page of pagesOf(cache)) {
    const edges = edgesOf(cache, page);
    if (edges) cache.link(cache.resolve('Query', page.fieldKey), 'edges', edges.filter(isKept));
  }
  for (const id of ids) cache.invalidate(id);
}
