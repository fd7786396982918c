//! Lists: pages, cursors, orders, filters and search, as a front end reads them.

mod arguments;
mod connections;
mod cursors;
mod filters;
mod model;
mod orders;
mod page;
mod properties;
mod relevance;
mod sealed_cursors;
mod search;
mod search_index;
