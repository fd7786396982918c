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

const edgesOf = (cache, { fieldKey }) =>
  cache.resolve(cache.resolve('Query', fieldKey), 'edges') ?? [];

const holds = (cache, page, id) =>
  edgesOf(cache, page).some((edge) => cache.resolve(edge, 'node') === id);

export const isListed = (cache, { type, id }) =>
  pagesOf(cache, [type]).some((page) => holds(cache, page, id));

/** Who shows lists without this new object reads them again from their first page. */
export function addToLists(cache, { type, id }) {
  for (const page of pagesOf(cache, [type]))
    if (!holds(cache, page, id)) cache.invalidate('Query', page.fieldKey);
}

/** Takes what was deleted out of all lists, and away. */
export function forget(cache, ids = []) {
  const isKept = (edge) => !ids.includes(cache.resolve(edge, 'node'));
  for (const page of pagesOf(cache)) {
    const edges = edgesOf(cache, page).filter(isKept);
    cache.link(cache.resolve('Query', page.fieldKey), 'edges', edges);
  }
  for (const id of ids) cache.invalidate(id);
}
