//! Reads a window of a user's list, and whether there are rows beyond it.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, QueryFilter, QuerySelect, Select,
    sea_query::{Asterisk, Expr, ExprTrait, Query, WindowStatement},
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    filter::RowFilter,
    keyset::{KeysetCursor, Side},
    listing::{CountStatement, ListStatement, Listing},
};
use crate::store::{
    OwnedStore,
    error::StoreError,
    owned::{Owned, UserNo},
    sql::{
        cached_sql::{IdSet, Shape},
        projection::{PartialRow, Projection, Row},
    },
};

/// The rows of a window, in the list's order: parts of rows, or what was made of them.
#[derive(Clone, Debug)]
pub struct Page<E: Owned, R> {
    pub rows: Vec<R>,
    listing: Listing<E>,
    /// Whether there is one more row between the window's cursors than the page may hold.
    has_extra_row: bool,
    /// The group that the page was read with, and its key there.
    group: Option<(Arc<GroupedList<E>>, Uuid)>,
    // Each is read when it is first asked for, and kept.
    total: OnceCell<u64>,
    next: OnceCell<bool>,
    previous: OnceCell<bool>,
}

/// What was made of a row, with the row's cursor.
pub type Edge<R> = (KeysetCursor, R);

impl<E: Owned> Page<E, PartialRow<E>> {
    /// The page of these rows, of which one more than the window may show was read.
    fn of(listing: Listing<E>, mut rows: Vec<PartialRow<E>>) -> Self {
        let limit = usize::try_from(listing.window.limit).unwrap_or(usize::MAX);
        let has_extra_row = rows.len() > limit;
        rows.truncate(limit);
        if listing.window.from_end {
            rows.reverse();
        }
        let (total, next, previous) = Default::default();
        Self { rows, listing, has_extra_row, group: None, total, next, previous }
    }

    /// The same page as one of a group.
    pub fn within(self, group: Arc<GroupedList<E>>, key: Uuid) -> Self {
        Self { group: Some((group, key)), ..self }
    }

    /// The cursor of a row of the page.
    pub fn cursor(&self, row: &PartialRow<E>) -> Result<KeysetCursor, StoreError> {
        self.listing.keyset.cursor(row)
    }

    /// The same page with whole rows, of which all columns were read, and their cursors.
    pub fn whole(self) -> Result<Page<E, Edge<E::Model>>, StoreError> {
        let rows = self.rows.iter().map(|row| Ok((self.cursor(row)?, row.whole()?)));
        let rows = rows.collect::<Result<_, StoreError>>()?;
        Ok(self.with_rows(|_| rows))
    }
}

impl<E: Owned, R> Page<E, Edge<R>> {
    /// The same page with what `make` makes of each row.
    pub fn map<T>(self, mut make: impl FnMut(R) -> T) -> Page<E, Edge<T>> {
        let edge = |(cursor, row)| (cursor, make(row));
        self.with_rows(|rows| rows.into_iter().map(edge).collect())
    }
}

impl<E: Owned, R> Page<E, R> {
    fn with_rows<T>(self, make: impl FnOnce(Vec<R>) -> Vec<T>) -> Page<E, T> {
        let Self { rows, listing, has_extra_row, group, total, next, previous } = self;
        Page { rows: make(rows), listing, has_extra_row, group, total, next, previous }
    }
}

/// Lists that differ in one key alone, such as the subtasks of several tasks. A count or a look beyond a
/// page is read for all of them at once.
#[derive(Debug)]
pub struct GroupedList<E: Owned> {
    /// Which rows all lists have.
    filter: RowFilter,
    /// The column with the key of a row's list.
    column: E::Column,
    keys: IdSet,
    totals: OnceCell<HashMap<Uuid, u64>>,
    /// The lists that have rows beyond the window: on each side, with and without the row at its cursor.
    beyond: [OnceCell<HashSet<Uuid>>; 4],
}

impl<E: Owned> GroupedList<E> {
    pub fn new(filter: RowFilter, column: E::Column, keys: IdSet) -> Self {
        Self { filter, column, keys, totals: OnceCell::new(), beyond: Default::default() }
    }

    fn beyond_on(&self, side: Side, inclusive: bool) -> &OnceCell<HashSet<Uuid>> {
        &self.beyond[usize::from(side == Side::Next) * 2 + usize::from(inclusive)]
    }

    /// The condition of a user's row in any of the lists.
    fn has_row(&self, user: UserNo, backend: DbBackend) -> Condition {
        let keys = self.keys.contains(self.column.as_column_ref());
        self.filter.condition(user, backend).add(keys)
    }

    /// The user's rows in all of the lists.
    fn select(&self, user: UserNo, backend: DbBackend) -> Select<E> {
        E::find_owned(user).filter(self.has_row(user, backend))
    }

    /// The one list of that key.
    pub fn list(&self, listing: &Listing<E>, key: Uuid) -> Listing<E> {
        Listing { group: Some((self.column, key)), ..listing.clone() }
    }
}

impl OwnedStore {
    /// Reads these columns of the rows of a listing's window.
    pub async fn page<E: Owned>(
        &self,
        listing: Listing<E>,
        columns: &Projection<E>,
    ) -> Result<Page<E, PartialRow<E>>, StoreError> {
        let columns = columns.and(listing.keyset.columns());
        let limit = listing.window.limit;
        let Some(user) = self.user_no().await?.filter(|_| limit > 0) else {
            return Ok(Page::of(listing, Vec::new()));
        };
        let shape = listing.page_shape(&columns);
        let read = self.read(user, &listing);
        let list = self.store.list_statements.with(
            read.backend,
            &shape,
            &columns,
            read,
            |columns, list| list.page(columns),
        );
        // One row more than the window may show, to know whether there is one.
        let rows = self.reader().query_limited(list, limit + 1).await?;
        let rows = rows.into_iter().map(|row| PartialRow::new(row, &columns)).collect();
        Ok(Page::of(listing, rows))
    }

    /// The same for each list of a group, in one statement, which can count the lists as well. A list
    /// without rows has an empty page.
    pub async fn pages<E: Owned>(
        &self,
        group: &Arc<GroupedList<E>>,
        listing: &Listing<E>,
        columns: &Projection<E>,
        counted: bool,
    ) -> Result<HashMap<Uuid, Page<E, PartialRow<E>>>, StoreError> {
        const RANK: &str = "rank_in_list";
        let columns = columns.and(listing.keyset.columns()).and([group.column]);
        let window = &listing.window;
        let mut of_lists: HashMap<Uuid, Vec<(i64, PartialRow<E>)>> = HashMap::new();
        if let Some(user) = self.user_no().await?.filter(|_| window.limit > 0) {
            let mut ranked = E::select_owned(user, columns.iter());
            let rank = listing.keyset.select_computed(&mut ranked);
            let order = listing.keyset.rank_within(group.column, window.from_end);
            ranked.expr_window_as(Expr::cust("ROW_NUMBER()"), order, RANK);
            // Rows outside of the cursors count as well, but are not read here.
            let counted = counted && !window.has_cursors();
            if counted {
                let list = WindowStatement::partition_by(group.column.as_column_ref());
                ranked.expr_window(Expr::cust("COUNT(*)"), list);
            }
            let backend = self.reader().get_database_backend();
            ranked.cond_where(group.has_row(user, backend)).cond_where(listing.between_cursors());
            let mut first = Query::select();
            first
                .column(Asterisk)
                .from_subquery(ranked, "ranked")
                .and_where(Expr::col(RANK).lte(window.limit + 1));
            let mut totals = HashMap::new();
            for row in self.reader().query_all(&first).await? {
                let row = PartialRow::new(row, &columns);
                let list = row.value(group.column)?.id()?;
                if counted {
                    totals.insert(list, row.number_behind(rank + 1)?.unsigned_abs());
                }
                of_lists.entry(list).or_default().push((row.number_behind(rank)?, row));
            }
            if counted {
                // Whoever was first has counted the same.
                let _ = group.totals.set(totals);
            }
        }
        let page = |key: &Uuid| {
            let mut ranked = of_lists.remove(key).unwrap_or_default();
            ranked.sort_by_key(|(rank, _)| *rank);
            let rows = ranked.into_iter().map(|(_, row)| row).collect();
            (*key, Page::of(group.list(listing, *key), rows).within(Arc::clone(group), *key))
        };
        Ok(group.keys.ids().iter().map(page).collect())
    }

    /// How many rows each list of a group has; those without any are left out.
    async fn group_totals<E: Owned>(
        &self,
        group: &GroupedList<E>,
    ) -> Result<HashMap<Uuid, u64>, StoreError> {
        let Some(user) = self.user_no().await? else { return Ok(HashMap::new()) };
        let counts: Vec<(Uuid, i64)> = group
            .select(user, self.reader().get_database_backend())
            .select_only()
            .column(group.column)
            .expr(E::ID.count())
            .group_by(group.column)
            .into_tuple()
            .all(&self.reader())
            .await?;
        let counts = counts.into_iter();
        Ok(counts.map(|(key, count)| (key, u64::try_from(count).unwrap_or_default())).collect())
    }

    /// How many rows the page's list has, whatever its window.
    pub async fn total<E: Owned, R>(&self, page: &Page<E, R>) -> Result<u64, StoreError> {
        if let Some((group, key)) = &page.group {
            let totals = group.totals.get_or_try_init(|| self.group_totals(group)).await?;
            return Ok(totals.get(key).copied().unwrap_or_default());
        }
        let count =
            async || self.counts(&[&page.listing]).await.map(|counts| counts.into_iter().sum());
        page.total.get_or_try_init(count).await.copied()
    }

    /// Counts the rows of the lists of some pages in one statement, before their totals are asked for.
    pub async fn count_together<E: Owned, R>(
        &self,
        pages: &[Page<E, R>],
    ) -> Result<(), StoreError> {
        let listings: Vec<_> = pages.iter().map(|page| &page.listing).collect();
        for (page, count) in pages.iter().zip(self.counts(&listings).await?) {
            // Whoever was first has counted the same.
            let _ = page.total.set(count);
        }
        Ok(())
    }

    async fn counts<E: Owned>(&self, listings: &[&Listing<E>]) -> Result<Vec<u64>, StoreError> {
        let Some(user) = self.user_no().await? else { return Ok(vec![0; listings.len()]) };
        let (mut shape, backend) = (Shape::default(), self.reader().get_database_backend());
        for listing in listings {
            listing.count_shape(&mut shape);
        }
        let lists = listings.iter().map(|listing| self.read(user, listing)).collect();
        let (statements, lists) = (&self.store.list_statements, CountStatement(lists));
        let count = statements.with(backend, &shape, &(), lists, |(), lists| lists.count());
        let row = self.reader().query_one_raw(count).await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("a count has a row".to_owned()))?;
        let count = |at| Ok(row.try_get_by_index::<i64>(at)?.unsigned_abs());
        (0..listings.len()).map(count).collect()
    }

    /// Whether the list goes on beyond the page, exactly: also beyond the window's own cursors.
    pub async fn has_more<E: Owned, R>(
        &self,
        page: &Page<E, R>,
        side: Side,
    ) -> Result<bool, StoreError> {
        let known = if side == Side::Next { &page.next } else { &page.previous };
        known.get_or_try_init(|| self.has_rows_beyond(page, side)).await.copied()
    }

    async fn has_rows_beyond<E: Owned, R>(
        &self,
        page: &Page<E, R>,
        side: Side,
    ) -> Result<bool, StoreError> {
        let window = &page.listing.window;
        let ahead = side == window.reading();
        if ahead && page.has_extra_row {
            return Ok(true);
        }
        if window.bound(side).is_none() && (!ahead || window.limit > 0) {
            return Ok(false); // The window was read from the list's first row, or up to its last.
        }
        // The rows beyond the page are those beyond the window, which was read up to its end; an empty
        // page is where reading began.
        let inclusive = !(ahead && page.rows.is_empty());
        let bound = window.bound(if inclusive { side } else { opposite(side) });
        match (&page.group, bound) {
            (Some((group, key)), Some(cursor)) => {
                let known = group.beyond_on(side, inclusive);
                let beyond = || self.group_beyond(page, group, cursor, side, inclusive);
                Ok(known.get_or_try_init(beyond).await?.contains(key))
            }
            (Some(_), None) => Ok(self.total(page).await? > 0),
            (None, cursor) => self.exists(&page.listing, cursor, side, inclusive).await,
        }
    }

    /// The lists of a group that have rows on one side of a cursor.
    async fn group_beyond<E: Owned, R>(
        &self,
        page: &Page<E, R>,
        group: &GroupedList<E>,
        cursor: &KeysetCursor,
        side: Side,
        inclusive: bool,
    ) -> Result<HashSet<Uuid>, StoreError> {
        let Some(user) = self.user_no().await? else { return Ok(HashSet::new()) };
        let beyond = page.listing.keyset.after(cursor, side, inclusive);
        let keys = group
            .select(user, self.reader().get_database_backend())
            .filter(beyond)
            .select_only()
            .column(group.column)
            .distinct()
            .into_tuple();
        Ok(keys.all(&self.reader()).await?.into_iter().collect())
    }

    async fn exists<E: Owned>(
        &self,
        listing: &Listing<E>,
        cursor: Option<&KeysetCursor>,
        side: Side,
        inclusive: bool,
    ) -> Result<bool, StoreError> {
        let Some(user) = self.user_no().await? else { return Ok(false) };
        let mut select = self.read(user, listing).all();
        let beyond = cursor.map(|cursor| listing.keyset.after(cursor, side, inclusive));
        select.cond_where(Condition::all().add_option(beyond)).expr(Expr::value(1));
        listing.keyset.order_by_first_key(&mut select, side == Side::Previous);
        Ok(!self.reader().fetch_limited(&select, 1).await?.is_empty())
    }

    fn read<'l, E: Owned>(&self, user: UserNo, listing: &'l Listing<E>) -> ListStatement<'l, E> {
        let backend = self.reader().get_database_backend();
        ListStatement { user, backend, listing: Cow::Borrowed(listing) }
    }
}

fn opposite(side: Side) -> Side {
    match side {
        Side::Next => Side::Previous,
        Side::Previous => Side::Next,
    }
}
