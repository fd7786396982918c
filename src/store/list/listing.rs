//! What a list is: which rows, in which order, and which part of them; and the statements that read it.

use std::borrow::Cow;

use sea_orm::{
    ColumnTrait, Condition, DbBackend, IdenStatic, Value,
    sea_query::{Expr, Query, SelectStatement},
};
use uuid::Uuid;

use super::{
    filter::RowFilter,
    keyset::{Keyset, Side, Window},
};
use crate::store::{
    error::StoreError,
    owned::{Owned, UserNo},
    sql::{
        cached_sql::{Parameters, Sample, Shape},
        projection::Projection,
    },
};

/// A list: which rows, in which order, and which part of them.
#[derive(Clone, Debug)]
pub struct Listing<E: Owned> {
    pub filter: RowFilter,
    /// Of lists that differ in one column alone, such as the subtasks of several tasks: that of this one.
    pub group: Option<(E::Column, Uuid)>,
    pub keyset: Keyset<E>,
    pub window: Window,
}

impl<E: Owned> Listing<E> {
    /// Refuses a window with a cursor of another order.
    pub fn new(filter: RowFilter, keyset: Keyset<E>, window: Window) -> Result<Self, StoreError> {
        let foreign =
            |side: &Side| window.bound(*side).is_some_and(|cursor| !keyset.accepts(cursor));
        match [Side::Previous, Side::Next].into_iter().find(foreign) {
            Some(side) => Err(StoreError::ForeignCursor(side)),
            None => Ok(Self { filter, group: None, keyset, window }),
        }
    }

    /// The condition of a user's rows in the list, of whatever part.
    pub fn condition(&self, user: UserNo, backend: DbBackend) -> Condition {
        let group = self.group.map(|(column, key)| column.eq(key));
        self.filter.condition(user, backend).add_option(group)
    }

    /// The condition of the rows between the window's cursors.
    pub fn between_cursors(&self) -> Condition {
        let bounds = [(&self.window.after, Side::Next), (&self.window.before, Side::Previous)];
        bounds.into_iter().fold(Condition::all(), |between, (cursor, side)| {
            let after = cursor.as_ref().map(|cursor| self.keyset.after(cursor, side, false));
            between.add_option(after)
        })
    }

    /// All that the text of a statement depends on which reads its page.
    pub fn page_shape(&self, columns: &Projection<E>) -> Shape {
        let mut shape = Shape::default();
        self.count_shape(&mut shape);
        for column in columns.names() {
            shape.name(column);
        }
        self.keyset.shape(&mut shape);
        let Window { limit: _, from_end, after, before } = &self.window;
        shape.add([*from_end, after.is_some(), before.is_some()].map(u8::from));
        shape
    }

    /// The same of one that counts its rows.
    pub fn count_shape(&self, shape: &mut Shape) {
        if let Some((column, _)) = self.group {
            shape.name(column.as_str());
        }
        shape.name("");
        self.filter.shape(shape);
    }
}

/// The statement that reads the page of a user's list.
#[derive(Clone)]
pub struct ListStatement<'l, E: Owned> {
    pub user: UserNo,
    pub backend: DbBackend,
    pub listing: Cow<'l, Listing<E>>,
}

impl<E: Owned> ListStatement<'_, E> {
    /// The rows of the page, with one more than the window may show: its limit is added to the text.
    pub fn page(self, columns: &Projection<E>) -> SelectStatement {
        let Listing { keyset, window, .. } = &*self.listing;
        let mut select = E::select_owned(self.user, columns.iter());
        keyset.select_computed(&mut select);
        select.cond_where(self.listing.condition(self.user, self.backend));
        select.cond_where(self.listing.between_cursors());
        keyset.order(&mut select, window.from_end);
        select
    }

    fn condition_values(&self, values: &mut Vec<Value>) {
        values.push(self.user.0.into());
        values.extend(self.listing.group.map(|(_, key)| Value::from(key)));
        self.listing.filter.values(self.user, self.backend, values);
    }

    /// The rows of the list, of which nothing is selected yet.
    pub fn all(&self) -> SelectStatement {
        let condition = self.listing.condition(self.user, self.backend);
        E::select_owned(self.user, []).cond_where(condition).take()
    }
}

impl<E: Owned> Parameters for ListStatement<'_, E> {
    type Values = Vec<Value>;

    fn sample(&self, sample: &mut Sample) -> Self {
        let Listing { filter, group, keyset, window } = &*self.listing;
        let listing = Listing {
            filter: filter.sample(sample),
            group: group.map(|(column, _)| (column, sample.id())),
            keyset: keyset.sample(sample),
            window: window.sample(sample),
        };
        let user = UserNo(sample.number());
        Self { user, backend: self.backend, listing: Cow::Owned(listing) }
    }

    fn values(self) -> Vec<Value> {
        let Listing { keyset, window, .. } = &*self.listing;
        let mut values = Vec::new();
        self.condition_values(&mut values);
        for cursor in [&window.after, &window.before] {
            values.extend(keyset.values_with(cursor.as_ref()));
        }
        values
    }
}

/// The statement that counts the rows of some of a user's lists, whatever their windows.
#[derive(Clone)]
pub struct CountStatement<'l, E: Owned>(pub Vec<ListStatement<'l, E>>);

impl<E: Owned> CountStatement<'_, E> {
    /// A column for each list.
    pub fn count(self) -> SelectStatement {
        let mut count = Query::select();
        for list in &self.0 {
            let rows = list.all().expr(Expr::cust("COUNT(*)")).take();
            count.expr(Expr::SubQuery(None, Box::new(rows.into())));
        }
        count
    }
}

impl<E: Owned> Parameters for CountStatement<'_, E> {
    type Values = Vec<Value>;

    fn sample(&self, sample: &mut Sample) -> Self {
        Self(self.0.iter().map(|list| list.sample(sample)).collect())
    }

    fn values(self) -> Vec<Value> {
        let mut values = Vec::new();
        for list in &self.0 {
            list.condition_values(&mut values);
        }
        values
    }
}
