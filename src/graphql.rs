//! The GraphQL schema: roots, types, and what a client may send.
//!
//! A resolver reads its arguments, makes one call on the viewer's store, and wraps the answer. There
//! are no schema extensions: one alone would wrap each field of each row.

pub(crate) mod batch_loader;
pub(crate) mod context;
pub(crate) mod id;
mod mutation;
pub(crate) mod page;
mod query;
pub(crate) mod scalars;
mod subscription;
pub(crate) mod types;
pub(crate) mod validate;

use async_graphql::{
    ID, InputType, ObjectType, OutputType, SDLExportOptions, SubscriptionType, ValidationMode,
    registry::Registry,
};

use self::types::payload::Payload;
pub(crate) use self::{mutation::Mutation, query::Query, subscription::Subscription};
use crate::error::ErrorCode;

/// The schema that is served.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Builds the schema. It executes only what the engine has validated.
///
/// No field returns the interface of payloads or the codes of errors: they are here for clients.
#[must_use]
pub fn schema() -> Schema {
    Schema::build(Query, Mutation, Subscription)
        .register_output_type::<Payload>()
        .register_output_type::<ErrorCode>()
        .validation_mode(ValidationMode::Fast)
        .finish()
}

/// The schema as text, in one order whatever the order of the code.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by();
    schema().sdl_with_options(options)
}

/// The types of the schema, those included that only fragments name.
#[must_use]
pub fn registry() -> Registry {
    let mut registry = registry_of::<Query, Mutation, Subscription>();
    Payload::create_type_info(&mut registry);
    registry
}

/// The types of a schema with these roots.
///
/// A type that no field returns, such as an interface that only fragments name, has to be added
/// with its `create_type_info`, as it has to be registered with the schema itself.
pub(crate) fn registry_of<Query, Mutation, Subscription>() -> Registry
where
    Query: ObjectType,
    Mutation: ObjectType,
    Subscription: SubscriptionType,
{
    let mut registry = Registry {
        query_type: Query::type_name().into_owned(),
        mutation_type: (!Mutation::is_empty()).then(|| Mutation::type_name().into_owned()),
        subscription_type: (!Subscription::is_empty())
            .then(|| Subscription::type_name().into_owned()),
        ..Registry::default()
    };
    <bool as InputType>::create_type_info(&mut registry);
    <f64 as InputType>::create_type_info(&mut registry);
    <i32 as InputType>::create_type_info(&mut registry);
    <ID as InputType>::create_type_info(&mut registry);
    <String as InputType>::create_type_info(&mut registry);
    Query::create_type_info(&mut registry);
    if !Mutation::is_empty() {
        Mutation::create_type_info(&mut registry);
    }
    if !Subscription::is_empty() {
        Subscription::create_type_info(&mut registry);
    }
    registry
}
