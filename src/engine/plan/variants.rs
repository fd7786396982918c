//! The plans of an operation: one for each combination of the values of the variables in its directives.

use std::sync::OnceLock;

use async_graphql::Variables;

use super::Plan;
use crate::engine::document::{DocumentValidator, Operation};

/// The most variables in directives: each doubles the number of plans.
const MAX_VARIABLES: usize = 4;

/// The plans of an operation. Each is compiled when it is first needed.
#[derive(Debug)]
pub struct Plans {
    /// Whether the operation is within the limits for all values of its variables.
    is_always_within_limits: bool,
    variables: Vec<String>,
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
        let is_always_within_limits = !operation.is_measured_by_values()
            && validator.complexity(operation, &operation.max_variables()).is_ok();
        let variables = variables.into_iter().map(str::to_owned).collect();
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
        let bit =
            |(at, name): (usize, &String)| usize::from(operation.is_true(name, variables)) << at;
        let at: usize = self.variables.iter().enumerate().map(bit).sum();
        self.by_values[at].get_or_init(|| Plan::of(validator, operation, variables)).as_ref()
    }
}
