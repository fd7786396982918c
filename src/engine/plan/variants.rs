//! The plans of an operation: one for each combination of the values of the variables in its directives.

use std::sync::OnceLock;

use async_graphql::{Name, Variables};

use super::Plan;
use crate::engine::document::{DocumentValidator, Operation};

/// The most variables in directives: each doubles the number of plans.
const MAX_VARIABLES: usize = 4;

/// The plans of an operation. Each is compiled when it is first needed.
#[derive(Debug)]
pub struct Plans {
    variables: Vec<Name>,
    plans: Box<[OnceLock<Option<Plan>>]>,
}

impl Plans {
    /// The plans of an operation that the schema allows; `None` if it cannot have any.
    #[must_use]
    pub fn of(validator: &DocumentValidator, operation: &Operation<'_>) -> Option<Self> {
        let variables = operation.directive_variables()?;
        if variables.len() > MAX_VARIABLES {
            return None;
        }
        let plans = (0..1_usize << variables.len()).map(|_| OnceLock::new()).collect();
        let plans = Self { variables: variables.into_iter().cloned().collect(), plans };
        if plans.variables.is_empty() {
            plans.get(validator, operation, &Variables::default())?;
        }
        Some(plans)
    }

    /// The plan for these variables, if there is one. It depends on nothing but their values in directives.
    pub fn get(
        &self,
        validator: &DocumentValidator,
        operation: &Operation<'_>,
        variables: &Variables,
    ) -> Option<&Plan> {
        let bit = |(at, name)| usize::from(operation.is_true(name, variables)) << at;
        let at: usize = self.variables.iter().enumerate().map(bit).sum();
        self.plans[at].get_or_init(|| Plan::of(validator, operation, variables)).as_ref()
    }
}
