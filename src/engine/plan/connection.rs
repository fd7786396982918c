//! Pages of the rows of a table: connections, edges and page info, the same for tasks, tags and lists.

use async_graphql::OutputType;

use super::{
    json::{self, Output, SelectionSet},
    row::{self, RowField, Table},
};
use crate::{
    engine::document::CollectedField,
    graphql::page::{PageCursors, PageInfo},
    store::{OwnedStore, Page, PartialRow, Side, StoreError},
};

/// A field of a page.
#[derive(Debug)]
pub enum ConnectionField<F> {
    TypeName,
    Edges(SelectionSet<EdgeField<F>>),
    Nodes(SelectionSet<F>),
    PageInfo(SelectionSet<PageInfoField>),
    TotalCount,
}

/// A field of an edge.
#[derive(Debug)]
pub enum EdgeField<F> {
    TypeName,
    Cursor,
    Node(SelectionSet<F>),
}

/// A field of a page info.
#[derive(Clone, Copy, Debug)]
pub enum PageInfoField {
    TypeName,
    HasNextPage,
    HasPreviousPage,
    StartCursor,
    EndCursor,
}

/// What has to be read beside the rows of a page.
#[derive(Debug, Default)]
pub struct RequiredOfPage {
    has_next: bool,
    has_previous: bool,
    total: bool,
}

/// A page with what is shown of it.
pub struct ResolvedPage<T: Table> {
    pub page: Page<T, PartialRow<T>>,
    has_next: bool,
    has_previous: bool,
    total: i32,
}

/// The fields that are selected on a page.
pub fn selection_set<F: RowField>(
    selected: &[CollectedField],
    of_page: &mut RequiredOfPage,
    of_rows: &mut F::Required,
) -> Option<SelectionSet<ConnectionField<F>>> {
    json::selection_set(selected, |field| ConnectionField::of(field, of_page, of_rows))
}

impl<F: RowField> ConnectionField<F> {
    fn of(
        selected: &CollectedField,
        of_page: &mut RequiredOfPage,
        of_rows: &mut F::Required,
    ) -> Option<Self> {
        let fields = selected.fields();
        Some(match selected.name.as_str() {
            "__typename" => Self::TypeName,
            "edges" => {
                Self::Edges(json::selection_set(fields, |field| EdgeField::of(field, of_rows))?)
            }
            "nodes" => Self::Nodes(row::selection_set(fields, of_rows)?),
            "pageInfo" => {
                Self::PageInfo(json::selection_set(fields, |it| PageInfoField::of(it, of_page))?)
            }
            "totalCount" => {
                of_page.total = true;
                Self::TotalCount
            }
            _ => return None,
        })
    }
}

impl<F: RowField> EdgeField<F> {
    fn of(selected: &CollectedField, of_rows: &mut F::Required) -> Option<Self> {
        Some(match selected.name.as_str() {
            "__typename" => Self::TypeName,
            "cursor" => Self::Cursor,
            "node" => Self::Node(row::selection_set(selected.fields(), of_rows)?),
            _ => return None,
        })
    }
}

impl PageInfoField {
    fn of(selected: &CollectedField, of_page: &mut RequiredOfPage) -> Option<Self> {
        Some(match selected.name.as_str() {
            "__typename" => Self::TypeName,
            "hasNextPage" => {
                of_page.has_next = true;
                Self::HasNextPage
            }
            "hasPreviousPage" => {
                of_page.has_previous = true;
                Self::HasPreviousPage
            }
            "startCursor" => Self::StartCursor,
            "endCursor" => Self::EndCursor,
            _ => return None,
        })
    }
}

impl RequiredOfPage {
    /// Whether the rows of the list are to be counted.
    pub fn is_counted(&self) -> bool {
        self.total
    }

    /// Whether nothing but that is required.
    pub fn is_count(&self) -> bool {
        let Self { has_next, has_previous, total } = *self;
        total && !has_next && !has_previous
    }

    /// Reads it.
    pub async fn resolve<T: Table>(
        &self,
        store: &OwnedStore,
        page: Page<T, PartialRow<T>>,
    ) -> Result<ResolvedPage<T>, StoreError> {
        let has_next = self.has_next && store.has_more(&page, Side::Next).await?;
        let has_previous = self.has_previous && store.has_more(&page, Side::Previous).await?;
        let total = if self.total { store.total(&page).await? } else { 0 };
        let total = i32::try_from(total).unwrap_or(i32::MAX);
        Ok(ResolvedPage { page, has_next, has_previous, total })
    }
}

impl<T: Table> ResolvedPage<T> {
    pub fn rows(&self) -> impl Iterator<Item = &PartialRow<T>> {
        self.page.rows.iter()
    }
}

/// A page as it is written.
pub struct ShownPage<'p, F: RowField> {
    pub page: &'p ResolvedPage<F::Table>,
    pub cursors: &'p PageCursors,
    pub related: &'p F::Related,
}

impl<F: RowField> ShownPage<'_, F> {
    pub fn write(
        &self,
        out: &mut Output,
        fields: &SelectionSet<ConnectionField<F>>,
    ) -> Result<(), StoreError> {
        json::object(out, fields, |out, field| self.write_field(out, field))
    }

    fn write_field(&self, out: &mut Output, field: &ConnectionField<F>) -> Result<(), StoreError> {
        let rows = &self.page.page.rows;
        match field {
            ConnectionField::TypeName => {
                json::quoted(out, &<F::Table as Table>::Connection::type_name());
            }
            ConnectionField::TotalCount => json::number(out, self.page.total.into()),
            ConnectionField::Nodes(fields) => {
                json::list(out, rows, |out, row| row::object(out, fields, row, self.related))?;
            }
            ConnectionField::Edges(fields) => json::list(out, rows, |out, row| {
                json::object(out, fields, |out, field| self.write_edge(out, field, row))
            })?,
            ConnectionField::PageInfo(fields) => {
                json::object(out, fields, |out, field| self.write_info(out, *field))?;
            }
        }
        Ok(())
    }

    fn write_edge(
        &self,
        out: &mut Output,
        field: &EdgeField<F>,
        row: &PartialRow<F::Table>,
    ) -> Result<(), StoreError> {
        match field {
            EdgeField::TypeName => json::quoted(out, &<F::Table as Table>::Edge::type_name()),
            EdgeField::Cursor => self.write_cursor(out, row)?,
            EdgeField::Node(fields) => row::object(out, fields, row, self.related)?,
        }
        Ok(())
    }

    fn write_info(&self, out: &mut Output, field: PageInfoField) -> Result<(), StoreError> {
        let rows = &self.page.page.rows;
        let write_cursor = |out: &mut Output, row| {
            if let Some(row) = row {
                return self.write_cursor(out, row);
            }
            json::null(out);
            Ok(())
        };
        match field {
            PageInfoField::TypeName => json::quoted(out, &PageInfo::type_name()),
            PageInfoField::HasNextPage => json::bool(out, self.page.has_next),
            PageInfoField::HasPreviousPage => json::bool(out, self.page.has_previous),
            PageInfoField::StartCursor => write_cursor(out, rows.first())?,
            PageInfoField::EndCursor => write_cursor(out, rows.last())?,
        }
        Ok(())
    }

    fn write_cursor(&self, out: &mut Output, row: &PartialRow<F::Table>) -> Result<(), StoreError> {
        let cursor = self.page.page.cursor(row)?;
        json::quoted(out, &self.cursors.encode(&cursor));
        Ok(())
    }
}
