//! The plans of an operation: one for each combination of the values of the variables in its directives.

use std::sync::OnceLock;

use async_graphql::{Name, Variables, parser::types::BaseType};

use super::Plan;
use crate::engine::document::{DocumentValidator, Operation};

/// The most variables in directives: each doubles the number of plans.
const MAX_VARIABLES: usize = 4;

/// The plans of an operation. Each is compiled when it is first needed.
#[derive(Debug)]
pub struct Plans {
    /// Whether the operation is within the limits for all values of its variables.
    is_always_within_limits: bool,
    variables: Vec<Name>,
    by_values: Box<[OnceLock<Option<Plan>>]>,
}

impl Plans {
    /// The plans of an operation that the schema allows; `None` if it cannot have any.
    #[must_use]
    pub fn of(validator: &DocumentValidator, operation: &Operation<'_>) -> Option<Self> {
        let variables = operation.directive_variables()?;
        if variables.len() > MAX_VARIABLES {
            return None;
        }
        let by_values = (0..1_usize << variables.len()).map(|_| OnceLock::new()).collect();
        let is_always_within_limits =
            validator.complexity(operation, &max_variables(operation)).is_ok();
        let variables = variables.into_iter().cloned().collect();
        let plans = Self { is_always_within_limits, variables, by_values };
        if let [only] = &*plans.by_values {
            only.get_or_init(|| Plan::of(validator, operation, &Variables::default())).as_ref()?;
        }
        Some(plans)
    }

    /// The plan for these variables, if there is one and the operation is within the limits. It depends on
    /// nothing but their values in directives.
    pub fn get(
        &self,
        validator: &DocumentValidator,
        operation: &Operation<'_>,
        variables: &Variables,
    ) -> Option<&Plan> {
        if !self.is_always_within_limits {
            validator.complexity(operation, variables).ok()?;
        }
        let bit = |(at, name)| usize::from(operation.is_true(name, variables)) << at;
        let at: usize = self.variables.iter().enumerate().map(bit).sum();
        self.by_values[at].get_or_init(|| Plan::of(validator, operation, variables)).as_ref()
    }
}

/// The variables with which an operation has its greatest complexity.
fn max_variables(operation: &Operation<'_>) -> Variables {
    let mut variables = Variables::default();
    for definition in operation.variables() {
        if let BaseType::Named(name) = &definition.var_type.node.base
            && name == "Int"
        {
            variables.insert(definition.name.node.clone(), i32::MAX.into());
        }
    }
    variables
}
