//! Reading a window of a user's list, and whether anything lies beyond it.

use sea_orm::{
    Condition, ConnectionTrait, PaginatorTrait, QueryFilter, QuerySelect, Select, sea_query::Expr,
};

use tokio::sync::OnceCell;

use super::{
    OwnedStore,
    error::StoreError,
    keyset::{Keyset, Place, Toward, Window},
    owned::Owned,
};

/// What a list shows: which rows, in which order, and which part of them.
#[derive(Clone, Debug)]
pub struct Listing<E: Owned> {
    pub(super) condition: Condition,
    pub(super) keyset: Keyset<E>,
    window: Window,
}

impl<E: Owned> Listing<E> {
    /// Refuses a window whose place does not belong to the order.
    pub fn new(
        condition: Condition,
        keyset: Keyset<E>,
        window: Window,
    ) -> Result<Self, StoreError> {
        let foreign = |side: &Toward| window.bound(*side).is_some_and(|place| !keyset.knows(place));
        match [Toward::Previous, Toward::Next].into_iter().find(foreign) {
            Some(side) => Err(StoreError::ForeignPlace(side)),
            None => Ok(Self { condition, keyset, window }),
        }
    }
}

/// The rows of a window, in the list's order.
#[derive(Clone, Debug)]
pub struct Page<E: Owned> {
    /// The rows with the places where they stand.
    pub rows: Vec<(Place, E::Model)>,
    listing: Listing<E>,
    /// Whether there is a row behind the last one that was counted, inside of the window's places.
    cut: bool,
    /// What was asked of the page, so that the same question costs once.
    total: OnceCell<u64>,
    next: OnceCell<bool>,
    previous: OnceCell<bool>,
}

impl OwnedStore {
    /// Reads the rows that a listing's window shows.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`].
    pub async fn page<E: Owned>(&self, listing: Listing<E>) -> Result<Page<E>, StoreError> {
        let mut rows = self.rows(&listing).await?;
        let limit = usize::try_from(listing.window.limit).unwrap_or(usize::MAX);
        let cut = rows.len() > limit;
        rows.truncate(limit);
        if listing.window.from_end {
            rows.reverse();
        }
        let rows =
            rows.into_iter().filter_map(|row| Some((listing.keyset.place(&row)?, row))).collect();
        let (total, next, previous) = Default::default();
        Ok(Page { rows, listing, cut, total, next, previous })
    }

    /// One row more than the window may show, to know whether there is one.
    async fn rows<E: Owned>(&self, listing: &Listing<E>) -> Result<Vec<E::Model>, StoreError> {
        let window = &listing.window;
        let Some(select) = self.listed(listing).await?.filter(|_| window.limit > 0) else {
            return Ok(Vec::new());
        };
        let mut select = listing.keyset.order(select, window.from_end).limit(window.limit + 1);
        if let Some(place) = &window.after {
            select = listing.keyset.beyond(select, place, Toward::Next, false);
        }
        if let Some(place) = &window.before {
            select = listing.keyset.beyond(select, place, Toward::Previous, false);
        }
        Ok(select.all(&self.store.pools.reader).await?)
    }

    /// How many rows the page's list has, whatever its window.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`].
    pub async fn total<E: Owned>(&self, page: &Page<E>) -> Result<u64, StoreError> {
        let total = page.total.get_or_try_init(async || match self.listed(&page.listing).await? {
            Some(select) => Ok::<_, StoreError>(select.count(&self.store.pools.reader).await?),
            None => Ok(0),
        });
        total.await.copied()
    }

    /// Whether the list goes on beyond the page, exactly: also past the window's own places.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`].
    pub async fn has_more<E: Owned>(
        &self,
        page: &Page<E>,
        toward: Toward,
    ) -> Result<bool, StoreError> {
        let known = if toward == Toward::Next { &page.next } else { &page.previous };
        known.get_or_try_init(|| self.look_beyond(page, toward)).await.copied()
    }

    async fn look_beyond<E: Owned>(
        &self,
        page: &Page<E>,
        toward: Toward,
    ) -> Result<bool, StoreError> {
        let window = &page.listing.window;
        let (first, last) = (page.rows.first(), page.rows.last());
        let outermost = if toward == Toward::Next { last } else { first }.map(|(place, _)| place);
        let ahead = toward == window.reading();
        let bound = window.bound(toward);
        if ahead && page.cut {
            return Ok(true);
        }
        if bound.is_none() && (!ahead || window.limit > 0) {
            return Ok(false); // The window begins, or was read up to, where the list does.
        }
        match outermost {
            Some(place) => self.exists_beyond(&page.listing, place, toward, false).await,
            None if ahead => match window.bound(opposite(toward)) {
                Some(place) => self.exists_beyond(&page.listing, place, toward, false).await,
                None => self.exists(&page.listing, toward, |select| select).await,
            },
            None => match bound {
                Some(place) => self.exists_beyond(&page.listing, place, toward, true).await,
                None => Ok(false),
            },
        }
    }

    async fn exists_beyond<E: Owned>(
        &self,
        listing: &Listing<E>,
        place: &Place,
        toward: Toward,
        inclusive: bool,
    ) -> Result<bool, StoreError> {
        let beyond = |select| listing.keyset.beyond(select, place, toward, inclusive);
        self.exists(listing, toward, beyond).await
    }

    async fn exists<E: Owned>(
        &self,
        listing: &Listing<E>,
        toward: Toward,
        narrow: impl FnOnce(Select<E>) -> Select<E>,
    ) -> Result<bool, StoreError> {
        let Some(select) = self.listed(listing).await? else { return Ok(false) };
        let select = listing.keyset.order_roughly(narrow(select), toward == Toward::Previous);
        let mut query = sea_orm::QueryTrait::into_query(select.limit(1));
        query.clear_selects().expr(Expr::value(1));
        Ok(self.store.pools.reader.query_one(&query).await?.is_some())
    }

    /// The viewer's rows that the listing is about; `None` when they have never written any.
    async fn listed<E: Owned>(
        &self,
        listing: &Listing<E>,
    ) -> Result<Option<Select<E>>, StoreError> {
        let user = self.user_no().await?;
        Ok(user.map(|user| E::find_owned(user).filter(listing.condition.clone())))
    }
}

fn opposite(toward: Toward) -> Toward {
    match toward {
        Toward::Next => Toward::Previous,
        Toward::Previous => Toward::Next,
    }
}
