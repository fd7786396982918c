//! Relay's connections: arguments, cursors and page info.

use std::borrow::Cow;

use async_graphql::{ComplexObject, Context, SimpleObject};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::context::ContextExt;
use crate::{
    error::ApiError,
    store::{CursorSeal, Edge, KeysetCursor, Owned, OwnedStore, Page, Side, Window},
};

/// How many rows `first` and `last` may ask for.
pub const MAX_PAGE_SIZE: u64 = 100;
/// How many rows a page has without `first` and `last`.
pub const DEFAULT_PAGE_SIZE: u64 = 50;

/// The four arguments that each list takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageArguments {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
}

impl PageArguments {
    /// The window that the arguments describe in a list with these cursors.
    pub fn window(self, cursors: &PageCursors) -> Result<Window, ApiError> {
        if self.first.is_some() && self.last.is_some() {
            return Err(ApiError::bad_input("last", "Give first or last, not both."));
        }
        let limit = match (self.first, self.last) {
            (_, Some(last)) => page_size("last", last)?,
            (Some(first), None) => page_size("first", first)?,
            (None, None) => DEFAULT_PAGE_SIZE,
        };
        Ok(Window {
            limit,
            from_end: self.last.is_some(),
            after: self.after.map(|cursor| cursors.read("after", &cursor)).transpose()?,
            before: self.before.map(|cursor| cursors.read("before", &cursor)).transpose()?,
        })
    }
}

fn page_size(field: &'static str, rows: i32) -> Result<u64, ApiError> {
    u64::try_from(rows).ok().filter(|rows| *rows <= MAX_PAGE_SIZE).ok_or_else(|| {
        ApiError::bad_input(field, format!("{field} must be from 0 to {MAX_PAGE_SIZE}."))
    })
}

/// A cursor as it is encoded: the version of this format, the name of the order, so that no other order
/// accepts it, and the position in that order.
#[derive(Serialize, Deserialize)]
struct Cursor<O, P>(u8, O, P);

const VERSION: u8 = 1;

/// The opaque string of a position in the order of that name.
pub fn encode_cursor(order_name: &str, position: &impl Serialize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(to_json(order_name, position))
}

/// The position in a cursor of the order of that name; `None` for any other string.
pub fn decode_cursor<P: DeserializeOwned>(order_name: &str, cursor: &str) -> Option<P> {
    from_json(order_name, &BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?)
}

fn to_json(order_name: &str, position: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(&Cursor(VERSION, order_name, position)).unwrap_or_default()
}

fn from_json<P: DeserializeOwned>(order_name: &str, json: &[u8]) -> Option<P> {
    match serde_json::from_slice(json) {
        Ok(Cursor::<String, P>(VERSION, order, position)) if order == order_name => Some(position),
        _ => None,
    }
}

/// What a sealed cursor begins with; JSON does not.
const SEALED: u8 = 2;

/// The cursors of the user's lists in one order. Those that hold a text are sealed: it may be a title.
#[derive(Clone, Debug)]
pub struct PageCursors {
    /// The name of the order in cursors.
    order_name: Cow<'static, str>,
    seal: CursorSeal,
}

impl PageCursors {
    /// Those of the order of that name.
    pub fn new(order_name: impl Into<Cow<'static, str>>, store: &OwnedStore) -> Self {
        Self { order_name: order_name.into(), seal: store.cursor_seal() }
    }

    /// The opaque string of a position.
    pub fn encode(&self, position: &KeysetCursor) -> String {
        let mut cursor = to_json(&self.order_name, position);
        if position.holds_text() {
            cursor = self.seal.seal(cursor).unwrap_or_default();
            cursor.insert(0, SEALED);
        }
        BASE64_URL_SAFE_NO_PAD.encode(cursor)
    }

    /// The position in a cursor; `None` for any other string.
    fn decode(&self, cursor: &str) -> Option<KeysetCursor> {
        let mut cursor = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (json, is_sealed) = match &mut *cursor {
            [SEALED, sealed @ ..] => (self.seal.open(sealed)?, true),
            clear => (&*clear, false),
        };
        let position: KeysetCursor = from_json(&self.order_name, json)?;
        (position.holds_text() == is_sealed).then_some(position)
    }

    fn read(&self, field: &'static str, cursor: &str) -> Result<KeysetCursor, ApiError> {
        self.decode(cursor).ok_or_else(|| ApiError::foreign_cursor(field))
    }
}

/// What lies beyond a page.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct PageInfo {
    has_next_page: bool,
    has_previous_page: bool,
    #[graphql(skip)]
    start_cursor: Option<String>,
    #[graphql(skip)]
    end_cursor: Option<String>,
}

#[ComplexObject]
impl PageInfo {
    #[expect(clippy::unused_async, reason = "the macro requires it")]
    async fn start_cursor(&self, ctx: &Context<'_>) -> Result<Option<&str>, ApiError> {
        self.start_cursor.as_deref().map(|cursor| ctx.shown(cursor)).transpose()
    }

    #[expect(clippy::unused_async, reason = "the macro requires it")]
    async fn end_cursor(&self, ctx: &Context<'_>) -> Result<Option<&str>, ApiError> {
        self.end_cursor.as_deref().map(|cursor| ctx.shown(cursor)).transpose()
    }
}

impl PageInfo {
    /// Looks for rows beyond the page only where the client asks for it.
    pub async fn of<E: Owned, R>(
        ctx: &Context<'_>,
        page: &Page<E, Edge<R>>,
        cursors: &PageCursors,
    ) -> Result<Self, ApiError> {
        let store = ctx.store()?;
        let asked = |field| ctx.look_ahead().field(field).exists();
        Ok(Self {
            has_next_page: asked("hasNextPage") && store.has_more(page, Side::Next).await?,
            has_previous_page: asked("hasPreviousPage")
                && store.has_more(page, Side::Previous).await?,
            start_cursor: page.rows.first().map(|(cursor, _)| cursors.encode(cursor)),
            end_cursor: page.rows.last().map(|(cursor, _)| cursors.encode(cursor)),
        })
    }
}

/// Makes the two types of a list: the page itself, and a node with its cursor.
macro_rules! connection {
    (#[doc = $about:tt] $connection:ident of $page:ident, #[doc = $edge_about:tt] $edge:ident of $node:ident) => {
        #[doc = $about]
        pub struct $connection {
            page: $page<$crate::store::Edge<$node>>,
            cursors: $crate::graphql::page::PageCursors,
        }

        impl $connection {
            /// The connection of a page with these cursors.
            pub fn new(
                page: $page<$crate::store::Edge<$node>>,
                cursors: $crate::graphql::page::PageCursors,
            ) -> Self {
                Self { page, cursors }
            }
        }

        #[doc = $about]
        #[async_graphql::Object]
        impl $connection {
            async fn edges(&self) -> Vec<$edge<'_>> {
                let rows = self.page.rows.iter();
                rows.map(|(cursor, node)| $edge { cursor: self.cursors.encode(cursor), node })
                    .collect()
            }

            async fn nodes(&self) -> Vec<&$node> {
                self.page.rows.iter().map(|(_, node)| node).collect()
            }

            async fn page_info(
                &self,
                ctx: &async_graphql::Context<'_>,
            ) -> Result<$crate::graphql::page::PageInfo, $crate::error::ApiError> {
                $crate::graphql::page::PageInfo::of(ctx, &self.page, &self.cursors).await
            }

            /// Counted only when asked for.
            async fn total_count(
                &self,
                ctx: &async_graphql::Context<'_>,
            ) -> Result<i32, $crate::error::ApiError> {
                let total = $crate::graphql::context::ContextExt::store(ctx)?.total(&self.page);
                Ok(i32::try_from(total.await?).unwrap_or(i32::MAX))
            }
        }

        #[doc = $edge_about]
        pub struct $edge<'a> {
            cursor: String,
            node: &'a $node,
        }

        #[doc = $edge_about]
        #[async_graphql::Object]
        impl $edge<'_> {
            async fn cursor(
                &self,
                ctx: &async_graphql::Context<'_>,
            ) -> Result<&str, $crate::error::ApiError> {
                $crate::graphql::context::ContextExt::shown(ctx, &self.cursor)
            }

            async fn node(&self) -> &$node {
                self.node
            }
        }
    };
}

pub(super) use connection;
