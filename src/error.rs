//! What a client is told when something fails: one code, one sentence, and where.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{Enum, ErrorExtensionValues, Pos, ServerError, resolver_utils::EnumType};

use crate::{
    auth::{AuthError, Scope},
    store::{Input, MOST_LEVELS, MOST_TAGS, ObjectKind, Side, StoreError},
};

/// The values of `errors[].extensions.code`.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorCode {
    /// The token is missing or was refused; `reason` tells why.
    Unauthenticated,
    /// The token lacks the scope that this needs.
    Forbidden,
    /// It does not exist, or it is not the viewer's: the two cannot be told apart.
    NotFound,
    /// An argument was refused; `field` is its path.
    BadUserInput,
    /// The object is at another version than expected, or the id or name is taken.
    Conflict,
    /// Too many requests; try again after the time that `Retry-After` names.
    RateLimited,
    /// The document is larger, deeper, or could return more than the server allows.
    QueryTooComplex,
    /// The request took longer than the server allows.
    Timeout,
    /// Nothing was wrong with this operation, but another one of its batch failed.
    Aborted,
    /// The body or the document could not be read.
    GraphqlParseFailed,
    /// The document does not fit the schema.
    GraphqlValidationFailed,
    /// The server does not know this hash yet: send it again with the document.
    PersistedQueryNotFound,
    /// The server keeps no persisted queries.
    PersistedQueryNotSupported,
    /// A fault of the server. The message holds a request id for whoever runs it.
    InternalServerError,
}

impl ErrorCode {
    /// The name as clients see it.
    #[must_use]
    pub fn name(self) -> &'static str {
        <Self as EnumType>::items()
            .iter()
            .find(|item| item.value == self)
            .map_or("INTERNAL_SERVER_ERROR", |item| item.name)
    }

    /// The code of an error of a response.
    #[must_use]
    pub fn of(error: &ServerError) -> Self {
        error.source::<ApiError>().map_or(Self::InternalServerError, ApiError::code)
    }
}

/// An error that a client may see.
///
/// It has no `Display` on purpose: async-graphql would take any error with a `Display` and send its
/// text to the client, so a `?` on a database error must not compile in a resolver.
#[derive(Clone, Debug)]
pub struct ApiError {
    code: ErrorCode,
    message: Cow<'static, str>,
    field: Option<String>,
    version: Option<i32>,
    reason: Option<&'static str>,
    scope: Option<Scope>,
    cause: Option<Arc<StoreError>>,
}

impl ApiError {
    /// An error of this code; the message says what to do about it.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
            version: None,
            reason: None,
            scope: None,
            cause: None,
        }
    }

    /// An argument that is refused: its dotted path, and why.
    pub fn bad_input(field: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::BadUserInput, message).field(field)
    }

    /// A token that does not allow what is asked.
    #[must_use]
    pub fn missing_scope(scope: Scope) -> Self {
        let name = scope.as_str();
        let message =
            format!("The token lacks the scope {name}: ask its issuer for one that has it.");
        Self { scope: Some(scope), ..Self::new(ErrorCode::Forbidden, message) }
    }

    /// Names the argument by its dotted path, for example `input.tagIds.2`.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Tells the version at which the object is now.
    #[must_use]
    pub fn version(mut self, version: i32) -> Self {
        self.version = Some(version);
        self
    }

    /// Tells why a token was refused.
    #[must_use]
    pub fn reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// A fault of the server, which the log describes in full.
    #[must_use]
    pub fn internal(request_id: &str) -> Self {
        let message = format!("Internal error: report it with the request id {request_id}.");
        Self::new(ErrorCode::InternalServerError, message)
    }

    /// A cursor that was made for another list or another order.
    #[must_use]
    pub fn foreign_cursor(field: &'static str) -> Self {
        let message =
            format!("{field} is not a cursor of this list in this order: read the list anew.");
        Self::bad_input(field, message)
    }

    /// The scope that the token lacks, where that is all that is wrong.
    #[must_use]
    pub fn scope_missing(&self) -> Option<Scope> {
        self.scope
    }

    /// What really happened, where it is not for the client: for the log.
    #[must_use]
    pub fn cause(&self) -> Option<&Arc<StoreError>> {
        self.cause.as_ref()
    }

    /// The code that decides the HTTP status.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What the client is told in words.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The dotted path of the argument that is at fault.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The same as the library's error for the whole request, `at` a place in the document.
    #[must_use]
    pub fn at(self, at: Option<Pos>) -> ServerError {
        let mut error = ServerError::new(self.message.clone(), at);
        error.extensions = Some(self.extensions());
        error.source = Some(Arc::new(self));
        error
    }

    fn extensions(&self) -> ErrorExtensionValues {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.code.name());
        if let Some(field) = &self.field {
            extensions.set("field", field.as_str());
        }
        if let Some(version) = self.version {
            extensions.set("version", version);
        }
        if let Some(reason) = self.reason {
            extensions.set("reason", reason);
        }
        extensions
    }
}

impl From<ApiError> for async_graphql::Error {
    fn from(error: ApiError) -> Self {
        let ServerError { message, source, extensions, .. } = error.at(None);
        Self { message, source, extensions }
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Unauthenticated { reason, message } => {
                Self::new(ErrorCode::Unauthenticated, message).reason(reason.as_str())
            }
            AuthError::KeysUnavailable { .. } => Self::new(
                ErrorCode::InternalServerError,
                "The key set of the token's issuer could not be fetched yet: try again.",
            ),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(named) => {
                Self::new(ErrorCode::NotFound, "You have no object with this id: it was deleted for good, or the id is wrong.")
                    .field(path_of(named))
            }
            StoreError::ForeignCursor(side) => Self::foreign_cursor(match side {
                Side::Previous => "after",
                Side::Next => "before",
            }),
            StoreError::NotASibling(named) => {
                let message = "It is not where this goes: name one that is there, or none.";
                Self::bad_input(path_of(named), message)
            }
            StoreError::NotTheParentsList => {
                let message = "A subtask is in the list of its parent: leave listId out.";
                Self::bad_input(path_of(Input::List), message)
            }
            StoreError::UnderItself => {
                let message = "A task cannot be under itself, nor under one of its subtasks: choose another parent.";
                Self::bad_input(path_of(Input::Parent), message)
            }
            StoreError::TooDeep => {
                let message =
                    format!("Tasks nest at most {MOST_LEVELS} deep: choose a parent further up.");
                Self::bad_input(path_of(Input::Parent), message)
            }
            StoreError::TooManyTags(named) => {
                let message = format!("A task has at most {MOST_TAGS} tags: leave some out.");
                Self::bad_input(path_of(named), message)
            }
            StoreError::NameTaken => Self::new(
                ErrorCode::Conflict,
                "You have a tag of this name, whatever its case: use that one, or choose another name.",
            )
            .field("input.name"),
            StoreError::Full(kind, most) => {
                let message = match kind {
                    ObjectKind::Task => format!(
                        "You may have {most} tasks, those in the trash too: delete some permanently."
                    ),
                    ObjectKind::Tag => format!("You may have {most} tags: delete some."),
                    ObjectKind::List => format!("You may have {most} lists: delete some."),
                };
                Self::bad_input("input", message)
            }
            StoreError::Aborted => Self::new(
                ErrorCode::Aborted,
                "Another operation of the batch failed, so none was done: mend that one and send all again.",
            ),
            StoreError::VersionConflict(version) => Self::new(
                ErrorCode::Conflict,
                "Somebody changed it meanwhile: read it again, then decide.",
            )
            .version(version),
            StoreError::IdTaken => Self::new(
                ErrorCode::Conflict,
                "This id belongs to something else, or to something that was deleted: make a new one.",
            ),
            StoreError::Unavailable(_) | StoreError::Internal(_) => Self {
                cause: Some(Arc::new(error)),
                ..Self::new(ErrorCode::InternalServerError, "Internal error")
            },
        }
    }
}

/// How the input of a mutation calls what named an object.
fn path_of(named: Input) -> Cow<'static, str> {
    match named {
        Input::Id => "input.id".into(),
        Input::List => "input.listId".into(),
        Input::Parent => "input.parentId".into(),
        Input::Before => "input.place.before".into(),
        Input::After => "input.place.after".into(),
        Input::Tag(at) => format!("input.tagIds.{at}").into(),
        Input::AddedTag(at) => format!("input.addTagIds.{at}").into(),
        Input::RemovedTag(at) => format!("input.removeTagIds.{at}").into(),
    }
}
