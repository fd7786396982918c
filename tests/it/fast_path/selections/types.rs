//! The types that selections are made for.

use super::Style;

/// The type of a selection set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Query,
    User,
    Session,
    Node,
    TaskConnection,
    TaskEdge,
    TagConnection,
    TagEdge,
    TaskListConnection,
    TaskListEdge,
    PageInfo,
    Task,
    Tag,
    TaskList,
    ChangePage,
    Change,
    TaskPayload,
    TagPayload,
    TaskListPayload,
    DeletePayload,
    ViewerPayload,
    BatchPayload,
    BatchResult,
    BatchError,
}

/// A field with selections: its name, how it is written, and its type. A field with other arguments has its
/// own response key.
pub type Branch = (&'static str, &'static str, Type);

impl Type {
    pub fn name(self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::User => "User",
            Self::Session => "Session",
            Self::Node => "Node",
            Self::TaskConnection => "TaskConnection",
            Self::TaskEdge => "TaskEdge",
            Self::TagConnection => "TagConnection",
            Self::TagEdge => "TagEdge",
            Self::TaskListConnection => "TaskListConnection",
            Self::TaskListEdge => "TaskListEdge",
            Self::PageInfo => "PageInfo",
            Self::Task => "Task",
            Self::Tag => "Tag",
            Self::TaskList => "TaskList",
            Self::ChangePage => "ChangePage",
            Self::Change => "Change",
            Self::TaskPayload => "TaskPayload",
            Self::TagPayload => "TagPayload",
            Self::TaskListPayload => "TaskListPayload",
            Self::DeletePayload => "DeletePayload",
            Self::ViewerPayload => "ViewerPayload",
            Self::BatchPayload => "BatchPayload",
            Self::BatchResult => "BatchResult",
            Self::BatchError => "BatchError",
        }
    }

    /// The payload of a mutation.
    pub fn of_mutation(mutation: &str) -> Self {
        match mutation {
            "createTag" | "updateTag" => Self::TagPayload,
            "createList" | "updateList" => Self::TaskListPayload,
            "updateViewer" => Self::ViewerPayload,
            "batch" => Self::BatchPayload,
            _ if mutation.starts_with("delete") => Self::DeletePayload,
            _ => Self::TaskPayload,
        }
    }

    /// An interface that it implements, one of its fields, and another type that implements it.
    pub fn interface(self) -> Option<(&'static str, &'static str, &'static str)> {
        match self {
            Self::Task => Some(("Node", "id", "Tag { name color }")),
            Self::Tag | Self::TaskList => Some(("Node", "id", "Task { title }")),
            Self::TaskPayload => Some(("Payload", "cursor", "DeletePayload { deletedIds }")),
            Self::DeletePayload => Some(("Payload", "cursor", "TaskPayload { task { id } }")),
            Self::BatchPayload => Some(("Payload", "cursor", "TagPayload { tag { id } }")),
            _ => None,
        }
    }

    /// The types that an object of it may have.
    pub fn possible_types(self) -> &'static [Self] {
        match self {
            Self::Node => &[Self::Task, Self::Task, Self::Tag, Self::TaskList, Self::User],
            _ => &[],
        }
    }

    /// The fields without selections.
    pub fn leaves(self, style: Style) -> &'static [&'static str] {
        match self {
            Self::Query => &["__typename"],
            // Not the name, which is nullable here and nowhere else. The id and the session differ from
            // user to user, like cursors.
            Self::User if style.cursors => &["id", "email", "image", "timeZone", "__typename"],
            Self::User => &["email", "image", "timeZone", "__typename"],
            Self::Session => {
                &["id", "issuer", "issuedAt", "expiresAt", "expiresIn", "scopes", "__typename"]
            }
            Self::Node => &["id", "__typename"],
            Self::TaskConnection | Self::TagConnection | Self::TaskListConnection => {
                &["totalCount", "__typename"]
            }
            Self::PageInfo if style.cursors => {
                &["hasNextPage", "hasPreviousPage", "startCursor", "endCursor", "__typename"]
            }
            Self::PageInfo => &["hasNextPage", "hasPreviousPage"],
            Self::Task => &[
                "id",
                "title",
                "description",
                "completed",
                "completedAt",
                "priority",
                "dueOn",
                "dueAt",
                "startOn",
                "position",
                "createdAt",
                "updatedAt",
                "deletedAt",
                "version",
                "overdue",
                "__typename",
            ],
            Self::Tag => {
                &["id", "name", "color", "createdAt", "updatedAt", "version", "__typename"]
            }
            Self::TaskList => &[
                "id",
                "name",
                "color",
                "position",
                "archivedAt",
                "createdAt",
                "updatedAt",
                "version",
                "__typename",
            ],
            Self::TaskEdge | Self::TagEdge | Self::TaskListEdge if !style.cursors => {
                &["__typename"]
            }
            Self::ChangePage => &["cursor", "hasMore", "reset", "__typename"],
            Self::Change => &["kind", "id", "type", "cursor", "__typename"],
            Self::DeletePayload => &["cursor", "deletedIds", "__typename"],
            Self::BatchResult => &["deletedIds", "__typename"],
            Self::BatchError => &["code", "message", "path", "__typename"],
            Self::TaskEdge
            | Self::TagEdge
            | Self::TaskListEdge
            | Self::TaskPayload
            | Self::TagPayload
            | Self::TaskListPayload
            | Self::ViewerPayload
            | Self::BatchPayload => &["cursor", "__typename"],
        }
    }

    /// The fields with selections.
    pub fn branches(self, style: Style) -> &'static [Branch] {
        const PAGE_INFO: Branch = ("pageInfo", "pageInfo", Type::PageInfo);
        const QUERY: Branch = ("query", "query", Type::Query);
        match self {
            Self::Query => &[
                ("tasks", "tasks(first: 3)", Self::TaskConnection),
                ("late", "tasks(last: 2, filter: {overdue: true})", Self::TaskConnection),
                ("viewer", "viewer", Self::User),
                ("tags", "tags(first: 2)", Self::TagConnection),
                ("lists", "lists", Self::TaskListConnection),
                ("none", "task(id: 5)", Self::Task),
            ],
            Self::User if style.cursors => &[("session", "session", Self::Session)],
            Self::TaskConnection => {
                &[("nodes", "nodes", Self::Task), ("edges", "edges", Self::TaskEdge), PAGE_INFO]
            }
            Self::TagConnection => {
                &[("nodes", "nodes", Self::Tag), ("edges", "edges", Self::TagEdge), PAGE_INFO]
            }
            Self::TaskListConnection => &[
                ("nodes", "nodes", Self::TaskList),
                ("edges", "edges", Self::TaskListEdge),
                PAGE_INFO,
            ],
            Self::TaskEdge => &[("node", "node", Self::Task)],
            Self::TagEdge => &[("node", "node", Self::Tag)],
            Self::TaskListEdge => &[("node", "node", Self::TaskList)],
            Self::Task => &[
                ("tags", "tags", Self::Tag),
                ("list", "list", Self::TaskList),
                ("parent", "parent", Self::Task),
                ("subtasks", "subtasks(first: 2)", Self::TaskConnection),
                ("none", "subtasks(first: 0)", Self::TaskConnection),
                (
                    "open",
                    "subtasks(last: 2, filter: {completed: false}, orderBy: {field: TITLE})",
                    Self::TaskConnection,
                ),
                ("trashed", "subtasks(filter: {trash: ONLY})", Self::TaskConnection),
            ],
            Self::ChangePage => &[("changes", "changes", Self::Change)],
            Self::Change => &[("node", "node", Self::Node)],
            Self::TaskPayload => {
                &[("task", "task", Self::Task), ("task", "task", Self::Task), QUERY]
            }
            Self::TagPayload => &[("tag", "tag", Self::Tag), ("tag", "tag", Self::Tag), QUERY],
            Self::TaskListPayload => &[("list", "list", Self::TaskList), QUERY],
            Self::ViewerPayload => &[("viewer", "viewer", Self::User), QUERY],
            Self::DeletePayload => &[QUERY],
            Self::BatchPayload => &[("results", "results", Self::BatchResult), QUERY],
            Self::BatchResult => {
                &[("node", "node", Self::Node), ("error", "error", Self::BatchError)]
            }
            _ => &[],
        }
    }
}
