//! The types of the schema: each with its inputs and payloads, in a file of its name.

pub(crate) mod batch;
pub(crate) mod change_page;
pub(crate) mod field_filters;
pub(crate) mod inputs;
pub(crate) mod node;
pub(crate) mod payload;
pub(crate) mod rate_limit;
pub(crate) mod scope;
pub(crate) mod session;
pub(crate) mod tag;
pub(crate) mod task;
pub(crate) mod task_filter;
pub(crate) mod task_inputs;
pub(crate) mod task_list;
pub(crate) mod task_order;
pub(crate) mod user;
