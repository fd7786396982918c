//! What an operation costs by the rate limit.

use apollo_compiler::{
    ast::{Argument, OperationType},
    executable::Field,
};
use async_graphql::{Value as ConstValue, Variables};

use super::{Complexity, Operation, value_of, variables};

/// How many objects cost a point.
const OBJECTS_PER_POINT: u64 = 100;
/// The arguments of which the cost depends.
const SIZES: [&str; 3] = ["first", "last", "ids"];

impl Operation {
    /// The points that it costs: 1, and one for each hundred objects that it may return and for each
    /// operation of a mutation. To ask for the rate limit alone is free.
    pub fn points(&self, complexity: &Complexity, variables: &Variables) -> u32 {
        let roots = || self.definition.root_fields(&self.document);
        let is_only_status = roots()
            .all(|field| ["rateLimit", "__typename"].contains(&&*field.name))
            && roots().any(|field| field.name == "rateLimit");
        if is_only_status {
            return 0;
        }
        let operations = match self.kind() {
            OperationType::Mutation => {
                roots().map(|field| operations(field, variables)).fold(0, u64::saturating_add)
            }
            OperationType::Query | OperationType::Subscription => 0,
        };
        let points = 1 + complexity.cost.div_ceil(OBJECTS_PER_POINT);
        u32::try_from(points.saturating_add(operations)).unwrap_or(u32::MAX)
    }

    /// The variables on whose values the points depend.
    pub fn size_variables(&self) -> Vec<String> {
        let is_size = |field: &Field, argument: &Argument| {
            SIZES.contains(&&*argument.name) || field.name == "batch"
        };
        let mut names = Vec::new();
        for field in self.definition.all_fields(&self.document) {
            let sizes = field.arguments.iter().filter(|argument| is_size(field, argument));
            for argument in sizes {
                names.extend(argument.value.as_variable());
                let fields = argument.value.as_object().into_iter().flatten();
                names.extend(fields.filter_map(|(_, value)| value.as_variable()));
            }
        }
        let mut names: Vec<_> = names.into_iter().map(ToString::to_string).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// The operations of a root field: those of a batch, or itself.
fn operations(field: &Field, variables: &Variables) -> u64 {
    match &*field.name {
        "__typename" => 0,
        "batch" => {
            let input = field.specified_argument_by_name("input");
            let input = input.and_then(|input| value_of(input, variables));
            input.as_ref().and_then(count).unwrap_or_default().unsigned_abs()
        }
        _ => 1,
    }
}

/// What the value of such a variable says of a size.
pub fn size(name: &str, values: &Variables) -> Option<i64> {
    count(values.get(name)?)
}

/// A number itself, how many values a list has, or how many operations the input of a batch has.
fn count(value: &ConstValue) -> Option<i64> {
    match value {
        ConstValue::Number(number) => variables::integer(number),
        ConstValue::List(items) => i64::try_from(items.len()).ok(),
        ConstValue::Object(fields) => count(fields.get("operations")?),
        _ => None,
    }
}
