//! The GraphQL schema: roots, types, and what a client may send.
//!
//! A resolver reads its arguments, makes one call on the viewer's store, and wraps the answer. There
//! are no schema extensions: one alone would wrap each field of each row.

mod batch;
mod change;
pub mod context;
pub mod error;
mod id;
mod list;
mod mutation;
mod node;
pub(crate) mod page;
mod payload;
mod query;
mod related;
mod scalars;
mod scope;
mod session;
mod subscription;
pub(crate) mod sync;
mod tag;
mod task;
mod task_filter;
mod task_order;
mod text;
mod viewer;

use async_graphql::{OutputType, SDLExportOptions, SchemaBuilder, registry::Registry};

/// What plans take of the types, since they are not generated from them.
pub(crate) use self::{
    batch::BatchOperation,
    id::uuid,
    page::PageArguments,
    task_filter::TaskFilter,
    task_order::{TaskArguments, TaskOrder},
};
use self::{error::ErrorCode, payload::Payload};
pub use self::{mutation::Mutation, query::Query, subscription::Subscription};
use crate::document;

/// The schema that is served.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Builds the schema. With `suggestions`, a message about an unknown name says which one was
/// probably meant, which tells names to those who may not introspect.
#[must_use]
pub fn schema(suggestions: bool) -> Schema {
    let builder = builder();
    if suggestions { builder } else { builder.disable_suggestions() }.finish()
}

/// The schema as text, in one order whatever the order of the code.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by();
    schema(true).sdl_with_options(options)
}

/// How deep fragments may nest for the library, which counts each spread as a level: the documents
/// have been measured before.
const FRAGMENTS: usize = 2_000;

/// The types of the schema, those included that only fragments name.
#[must_use]
pub fn types() -> Registry {
    let mut types = document::registry::<Query, Mutation, Subscription>();
    Payload::create_type_info(&mut types);
    types
}

/// No field returns the interface of payloads or the codes of errors: they are here for clients.
fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query, Mutation, Subscription)
        .register_output_type::<Payload>()
        .register_output_type::<ErrorCode>()
        .limit_recursive_depth(FRAGMENTS)
}
