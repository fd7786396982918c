import { relayPagination } from '@urql/exchange-graphcache/extras';

const merge = relayPagination();

/** A list with all its pages so far. One without arguments has no more, and `merge` wants some. */
export const pages = (parent, args, cache, info) =>
  Object.keys(args).length > 0
    ? merge(parent, args, cache, info)
    : cache.resolve(info.parentKey, info.fieldName);

/** Where the objects of a type are listed. */
const LISTS = { Task: 'tasks', Tag: 'tags', TaskList: 'lists' };

const pagesOf = (cache, type) =>
  cache.inspectFields('Query').filter(({ fieldName }) => fieldName === LISTS[type]);

const holds = (cache, { fieldKey }, id) => {
  const edges = cache.resolve(cache.resolve('Query', fieldKey), 'edges') ?? [];
  return edges.some((edge) => cache.resolve(edge, 'node') === id);
};

/** Who shows one of these lists reads it again from its first page. */
const readAgain = (cache, pages) => {
  for (const { fieldKey } of pages) cache.invalidate('Query', fieldKey);
};

export const isListed = (cache, { type, id }) =>
  pagesOf(cache, type).some((page) => holds(cache, page, id));

/** For a new object: lists that have it already stay as they are. */
export const addToLists = (cache, { type, id }) =>
  readAgain(cache, pagesOf(cache, type).filter((page) => !holds(cache, page, id)));

/** For a changed task: a filter may let it in or out now, an order may put it elsewhere. */
export const sortAgain = (cache) =>
  readAgain(cache, pagesOf(cache, 'Task').filter(({ arguments: by }) => by?.filter || by?.orderBy));

/** For what was deleted: it leaves every list, and the count. */
export function forget(cache, { type, id }) {
  readAgain(cache, pagesOf(cache, type));
  cache.invalidate(id);
}
