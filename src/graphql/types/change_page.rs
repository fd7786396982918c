//! The viewer's changes, for clients that keep a copy of their own.

use async_graphql::{Context, Enum, ID, SimpleObject};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::node::Node;
use crate::{
    auth::UserId,
    error::ApiError,
    graphql::{batch_loader::TaskBatch, context::ContextExt, page},
    store::{self, ChangeSeq, Object, ObjectPart, SyncCursor},
};

/// How many changes a page holds by default, and at the most.
pub const MOST: i32 = 500;
/// How many bytes of a digest tell one user's cursors from another's.
const DIGEST: usize = 8;

/// What has changed.
#[derive(SimpleObject)]
pub struct ChangePage {
    changes: Vec<Change>,
    /// Give it as `since` next time.
    cursor: String,
    has_more: bool,
    /// True: `since` is older than the log (30 days). Drop the local copy and read on from this page.
    reset: bool,
}

/// The latest state of one object; several changes of it fold into one.
#[derive(SimpleObject)]
pub struct Change {
    kind: ChangeKind,
    id: ID,
    /// The GraphQL type of the object.
    #[graphql(name = "type")]
    ty: &'static str,
    /// Null once it is gone for good.
    node: Option<Node>,
    cursor: String,
}

/// What has become of an object.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is there, new or changed; a task may be in the trash.
    Upsert,
    /// It is gone for good.
    Delete,
}

impl ChangeKind {
    pub fn of(change: &store::Change) -> Self {
        if change.object.is_some() { Self::Upsert } else { Self::Delete }
    }
}

impl ChangePage {
    /// A page of what has changed since then.
    pub async fn read(
        ctx: &Context<'_>,
        since: Option<String>,
        first: i32,
    ) -> Result<Self, ApiError> {
        let viewer = ctx.viewer()?.id();
        let (since, most) = arguments(viewer, since, first)?;
        let store = ctx.store()?;
        Self::new(&store.changes(since, most, store.object_columns()).await?, viewer)
    }

    /// The page as its viewer sees it, of objects of which all columns were read.
    pub fn new(page: &store::ChangePage, viewer: &UserId) -> Result<Self, ApiError> {
        let whole = |change: &store::Change| change.object.as_ref().map(ObjectPart::whole);
        let objects: Vec<_> =
            page.changes.iter().map(whole).map(Option::transpose).collect::<Result<_, _>>()?;
        let batch = TaskBatch::of(objects.iter().flatten().filter_map(Object::task));
        let log = log_of(viewer);
        let change = |(change, object): (&store::Change, Option<Object>)| Change {
            kind: ChangeKind::of(change),
            id: change.id.into(),
            ty: change.kind.type_name(),
            node: object.map(|object| Node::of(object, &batch)),
            cursor: page::encode_cursor(&log, &SyncCursor::behind(change.seq)),
        };
        Ok(Self {
            changes: page.changes.iter().zip(objects).map(change).collect(),
            cursor: page::encode_cursor(&log, &page.place),
            has_more: page.has_more,
            reset: page.reset,
        })
    }
}

/// The cursor of that change in a user's log.
pub fn cursor(user: &UserId, change_seq: ChangeSeq) -> String {
    page::encode_cursor(&log_of(user), &SyncCursor::behind(change_seq))
}

/// The place that a cursor names in a user's log.
pub fn place(user: &UserId, since: &str) -> Result<SyncCursor, ApiError> {
    page::decode_cursor(&log_of(user), since).ok_or_else(|| {
        let message = "since is not a cursor of your changes: read all of them anew, without it.";
        ApiError::bad_input("since", message)
    })
}

/// Where a client begins to read, and how many changes it asks for.
pub fn arguments(
    user: &UserId,
    since: Option<String>,
    first: i32,
) -> Result<(Option<SyncCursor>, usize), ApiError> {
    let since = since.map(|since| place(user, &since)).transpose()?;
    Ok((since, most(first)?))
}

/// How many changes a client asks for.
fn most(first: i32) -> Result<usize, ApiError> {
    match usize::try_from(first) {
        Ok(most) if first <= MOST => Ok(most),
        _ => Err(ApiError::bad_input("first", format!("first must be from 0 to {MOST}."))),
    }
}

/// What marks the cursors of one user's log.
pub fn log_of(user: &UserId) -> String {
    let digest = digest(&SHA256, user.as_str().as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(&digest.as_ref()[..DIGEST])
}
