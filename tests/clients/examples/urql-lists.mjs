import { relayPagination } from '@urql/exchange-graphcache/extras';

const merge = relayPagination(); // which finds no page of a list that was asked for without arguments

/** A list with all the pages of it that are there. */
export const pages = (parent, args, cache, info) =>
  Object.keys(args).length > 0
    ? merge(parent, args, cache, info)
    : cache.resolve(info.parentKey, info.fieldName);

const pagesOfTasks = (cache) =>
  cache.inspectFields('Query').filter(({ fieldName }) => fieldName === 'tasks');

const edgesOf = (cache, { fieldKey }) =>
  cache.resolve(cache.resolve('Query', fieldKey), 'edges') ?? [];

export const isListed = (cache, id) =>
  pagesOfTasks(cache).some((page) =>
    edgesOf(cache, page).some((edge) => cache.resolve(edge, 'node') === id),
  );

/** Who shows a list of tasks reads it again from its first page, unless a payload has just done so. */
export function readAgain(cache, payload) {
  for (const { fieldKey, arguments: args } of pagesOfTasks(cache))
    if (!payload?.query || args?.after) cache.invalidate('Query', fieldKey);
}

/** Takes what was deleted out of the lists of tasks, and away. */
export function forget(cache, ids = []) {
  for (const page of pagesOfTasks(cache)) {
    const kept = edgesOf(cache, page).filter((edge) => !ids.includes(cache.resolve(edge, 'node')));
    cache.link(cache.resolve('Query', page.fieldKey), 'edges', kept);
  }
  for (const id of ids) cache.invalidate(id);
}
