//! Errors in GraphQL responses: a code, a message, and the path of the argument.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{Enum, ErrorExtensionValues, Pos, ServerError, resolver_utils::EnumType};

use crate::{
    auth::{AuthError, Scope},
    store::{
        Input, MOST_LEVELS, MOST_TAGS, ObjectKind, Side, StoreError, TooLarge, TooManyComparisons,
    },
};

/// The values of `errors[].extensions.code`.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorCode {
    /// The token is missing or invalid; `reason` says why.
    Unauthenticated,
    /// The token lacks the scope that this field requires.
    Forbidden,
    /// It does not exist, or it is not the viewer's: the two cannot be told apart.
    NotFound,
    /// An argument is invalid; `field` is its path.
    BadUserInput,
    /// The object is at another version than expected, or the id or name is taken.
    Conflict,
    /// Too many requests; try again after the time in `Retry-After`.
    RateLimited,
    /// The document is larger, deeper, or could return more than the server allows.
    QueryTooComplex,
    /// The request took longer than the server allows.
    Timeout,
    /// This operation was not applied, because another one of its atomic batch failed.
    Aborted,
    /// The body or the document could not be parsed.
    GraphqlParseFailed,
    /// The document is not valid for the schema.
    GraphqlValidationFailed,
    /// The server does not know this hash yet: send it again with the document.
    PersistedQueryNotFound,
    /// The server does not support automatic persisted queries.
    PersistedQueryNotSupported,
    /// An error of the server. The message contains a request id, by which the operator finds it in the log.
    InternalServerError,
}

impl ErrorCode {
    /// The name in the schema.
    pub fn name(self) -> &'static str {
        <Self as EnumType>::items()
            .iter()
            .find(|item| item.value == self)
            .map_or("INTERNAL_SERVER_ERROR", |item| item.name)
    }

    /// The code of an error of a response.
    pub fn of(error: &ServerError) -> Self {
        error.source::<ApiError>().map_or(Self::InternalServerError, ApiError::code)
    }
}

/// An error that a client may see.
///
/// It has no `Display` on purpose. Async-graphql sends the text of any error with a `Display` to the client,
/// so resolvers return only this type, and a `?` on a database error does not compile in them.
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
    /// The message says what to do about the error.
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

    /// An invalid argument, by its dotted path.
    pub fn bad_input(field: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::BadUserInput, message).field(field)
    }

    pub fn missing_scope(scope: Scope) -> Self {
        let name = scope.as_str();
        let message =
            format!("The token lacks the scope {name}: ask its issuer for one that has it.");
        Self { scope: Some(scope), ..Self::new(ErrorCode::Forbidden, message) }
    }

    /// Adds the dotted path of the argument, for example `input.tagIds.2`.
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds the current version of the object.
    pub fn version(mut self, version: i32) -> Self {
        self.version = Some(version);
        self
    }

    /// Adds the reason why a token was refused.
    pub fn reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// An error of the server, whose cause is only in the log.
    pub fn internal(request_id: &str) -> Self {
        let message = format!("Internal error: report it with the request id {request_id}.");
        Self::new(ErrorCode::InternalServerError, message)
    }

    /// The database is away for the moment. The cause is only in the log.
    pub fn unavailable(request_id: &str) -> Self {
        let message =
            format!("Unavailable for the moment: try again soon. The request id is {request_id}.");
        Self::new(ErrorCode::InternalServerError, message)
    }

    /// A cursor of another list or another order.
    pub fn foreign_cursor(field: &'static str) -> Self {
        let message =
            format!("{field} is not a cursor of this list in this order: read the list anew.");
        Self::bad_input(field, message)
    }

    /// The same error of a mutation that has been executed: only its payload was not read or written.
    pub fn after_change(self) -> Self {
        if self.code != ErrorCode::QueryTooComplex {
            return self;
        }
        let message = format!("the change has been made, but {}", self.message).into();
        Self { message, ..self }
    }

    /// The scope that the token lacks, if that is the error.
    pub fn required_scope(&self) -> Option<Scope> {
        self.scope
    }

    /// The cause, for the log only.
    pub fn cause(&self) -> Option<&Arc<StoreError>> {
        self.cause.as_ref()
    }

    pub fn code(&self) -> ErrorCode {
        self.code
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    /// The dotted path of the invalid argument.
    pub fn path(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The same error in the library's type, at a position in the document.
    pub fn at(self, position: Option<Pos>) -> ServerError {
        let mut error = ServerError::new(self.message.clone(), position);
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
            AuthError::Unavailable { message, .. } => {
                Self::new(ErrorCode::InternalServerError, message)
            }
        }
    }
}

impl From<TooLarge> for ApiError {
    fn from(error: TooLarge) -> Self {
        StoreError::from(error).into()
    }
}

impl From<TooManyComparisons> for ApiError {
    fn from(TooManyComparisons(most): TooManyComparisons) -> Self {
        let message = format!(
            "The filters of a request have at most {most} conditions in all, where each value of a list is one."
        );
        Self::new(ErrorCode::QueryTooComplex, message).field("filter")
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(input) => {
                Self::new(ErrorCode::NotFound, "You have no object with this id: it was deleted for good, or the id is wrong.")
                    .field(path_of(input))
            }
            StoreError::ForeignCursor(side) => Self::foreign_cursor(match side {
                Side::Previous => "after",
                Side::Next => "before",
            }),
            StoreError::NotASibling(input) => {
                let message = "It is not where this goes: name one that is there, or none.";
                Self::bad_input(path_of(input), message)
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
            StoreError::TooManyTags(input) => {
                let message = format!("A task has at most {MOST_TAGS} tags: leave some out.");
                Self::bad_input(path_of(input), message)
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
            StoreError::FullOfBytes(most) => {
                let message = format!(
                    "Your texts may take {most} bytes: shorten some, or delete something permanently."
                );
                Self::bad_input("input", message)
            }
            StoreError::TooManyRows(most) => {
                let message = format!(
                    "The operations before this one have written {most} rows already: send it in another batch."
                );
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
            StoreError::TooManyWrites => Self::new(
                ErrorCode::RateLimited,
                "Too many of your changes wait for each other: try again when some are done.",
            ),
            StoreError::TooLarge(error) => {
                Self::new(ErrorCode::QueryTooComplex, format!("{error}: ask for less at a time"))
            }
            StoreError::Unavailable(_) | StoreError::Internal(_) => Self {
                cause: Some(Arc::new(error)),
                ..Self::new(ErrorCode::InternalServerError, "Internal error")
            },
        }
    }
}

/// The dotted path of an input.
fn path_of(input: Input) -> Cow<'static, str> {
    match input {
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
