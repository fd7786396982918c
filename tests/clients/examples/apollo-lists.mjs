/** Where the objects of a type are listed. */
const LISTS = { Task: 'tasks', Tag: 'tags', TaskList: 'lists' };

const isOf = (id, { readField }) => ({ node }) => readField('id', node) === id;

/** For a new object: who shows lists without it reads them again from their first page. */
export function addToLists(cache, { type, id }) {
  const readAgain = (list, details) =>
    list.edges.some(isOf(id, details)) ? list : details.DELETE;
  cache.modify({ fields: { [LISTS[type]]: readAgain } });
}

/** For a changed task: a filter may let it in or out now, an order may put it elsewhere. */
export function sortAgain(cache) {
  const readAgain = (list, { storeFieldName, DELETE }) =>
    /"(filter|orderBy)":/.test(storeFieldName) ? DELETE : list;
  cache.modify({ fields: { tasks: readAgain } });
}

/** For what was deleted: it leaves every list. Where the count is not certain, it is read again. */
export function forget(cache, { type, id }) {
  const without = ({ totalCount, ...list }, details) => {
    const edges = list.edges.filter((edge) => !isOf(id, details)(edge));
    const gone = list.edges.length - edges.length;
    const isWhole = !list.pageInfo.hasNextPage && !list.pageInfo.hasPreviousPage;
    const isCertain = totalCount !== undefined && (gone === 1 || isWhole);
    return isCertain ? { ...list, edges, totalCount: totalCount - gone } : { ...list, edges };
  };
  cache.modify({ fields: { [LISTS[type]]: without } });
  cache.evict({ id: cache.identify({ __typename: type, id }) });
}
