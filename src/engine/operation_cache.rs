//! Caches operations that a viewer has executed: what was checked of them, and their plans.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_graphql::Variables;
use quick_cache::{Equivalent, Weighter, sync::Cache};

use super::{
    document::{ObjectFields, OperationType, VariableDefinitions, is_true, size},
    plan::Plan,
};

/// The memory of all entries.
const CAPACITY_BYTES: u64 = 64 * 1024 * 1024;
/// The expected number of entries. A small one makes the cache's shards few and large, so that a large
/// entry fits into one.
const MIN_OPERATIONS: usize = 128;
/// The most variables that decide which fields are selected: each combination of their values has a plan.
const MAX_CONDITIONS: usize = 4;
/// The memory of an entry without fields, of each field in a plan without its key, and of each value in an
/// argument, as measured.
const ENTRY_BYTES: usize = 1024;
const FIELD_BYTES: u64 = 256;
const VALUE_BYTES: usize = 128;
/// The text of the entry, and the keys in the plan, one for each type of objects that a field may be of.
const TEXTS: usize = 5;

/// An operation that has passed all checks which do not depend on the values of its variables.
#[derive(Debug)]
pub struct CheckedOperation {
    pub kind: OperationType,
    pub name: Option<String>,
    pub variables: VariableDefinitions,
    /// How many values are in the document.
    pub literals: usize,
    pub needs_viewer: bool,
    /// The selections in it, with fragments expanded.
    pub selections: u64,
    /// Whether it passes the checks for all valid values of its variables.
    pub is_always_valid: bool,
    pub points: Points,
    pub plans: Plans,
}

/// What an operation costs by the rate limit, by the values of those variables on which that depends.
#[derive(Debug)]
pub struct Points {
    size_variables: Vec<String>,
    known: Mutex<Vec<(Vec<Option<i64>>, u32)>>,
}

impl Points {
    /// Sizes of pages are constants of a front end, so there are few of them.
    const MAX_KNOWN: usize = 16;

    pub fn new(size_variables: Vec<String>) -> Self {
        Self { size_variables, known: Mutex::default() }
    }

    /// The points for these variables, which are measured if they are not known.
    pub fn get<E>(
        &self,
        variables: &Variables,
        measure: impl FnOnce() -> Result<u32, E>,
    ) -> Result<u32, E> {
        let sizes: Vec<_> = self.size_variables.iter().map(|name| size(name, variables)).collect();
        let known =
            self.known().iter().find(|(known, _)| *known == sizes).map(|(_, points)| *points);
        if let Some(points) = known {
            return Ok(points);
        }
        let points = measure()?;
        let mut known = self.known();
        if known.len() < Self::MAX_KNOWN {
            known.push((sizes, points));
        }
        Ok(points)
    }

    fn known(&self) -> MutexGuard<'_, Vec<(Vec<Option<i64>>, u32)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The plans of an operation, one for each combination of the values of its conditions: the variables of
/// `@skip` and `@include`.
#[derive(Debug)]
pub struct Plans {
    are_too_many: bool,
    conditions: Vec<String>,
    /// None where the library executes the operation.
    compiled: Box<[OnceLock<Option<Plan>>]>,
}

impl Plans {
    /// With too many conditions an operation is not kept, and has a plan for this request alone.
    pub fn new(mut conditions: Vec<String>) -> Self {
        let are_too_many = conditions.len() > MAX_CONDITIONS;
        if are_too_many {
            conditions.clear();
        }
        let compiled = (0..1 << conditions.len()).map(|_| OnceLock::new()).collect();
        Self { are_too_many, conditions, compiled }
    }

    /// The plan for these variables. It is compiled from the fields that they select if it is the first with
    /// such conditions.
    pub fn get<E>(
        &self,
        kind: OperationType,
        variables: &Variables,
        fields: impl FnOnce() -> Result<Arc<ObjectFields>, E>,
    ) -> Result<Option<&Plan>, E> {
        let bit = |(at, name): (usize, &String)| usize::from(is_true(name, variables)) << at;
        let plan = &self.compiled[self.conditions.iter().enumerate().map(bit).sum::<usize>()];
        if let Some(plan) = plan.get() {
            return Ok(plan.as_ref());
        }
        let fields = fields()?;
        Ok(plan.get_or_init(|| Plan::of(kind, &fields)).as_ref())
    }
}

/// Operations by the text of their document and the name that the request gives.
pub struct OperationCache(Cache<Key, Arc<CheckedOperation>, EntrySize>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key(Arc<str>, Option<String>);

#[derive(Hash)]
struct Lookup<'a>(&'a str, Option<&'a str>);

impl Equivalent<Key> for Lookup<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self.0 == *key.0 && self.1 == key.1.as_deref()
    }
}

/// The memory of an entry with all plans that it can have.
#[derive(Clone)]
struct EntrySize;

impl Weighter<Key, Arc<CheckedOperation>> for EntrySize {
    fn weight(&self, Key(text, _): &Key, operation: &Arc<CheckedOperation>) -> u64 {
        let plans = operation.plans.compiled.len() as u64;
        (ENTRY_BYTES + TEXTS * text.len() + VALUE_BYTES * operation.literals) as u64
            + plans * operation.selections * FIELD_BYTES
    }
}

impl Default for OperationCache {
    fn default() -> Self {
        Self(Cache::with_weighter(MIN_OPERATIONS, CAPACITY_BYTES, EntrySize))
    }
}

impl OperationCache {
    pub fn get(&self, text: &str, name: Option<&str>) -> Option<Arc<CheckedOperation>> {
        self.0.get(&Lookup(text, name))
    }

    /// Keeps an operation, unless it has so many conditions that its plans would be too many.
    pub fn insert(&self, text: &Arc<str>, name: Option<&str>, operation: &Arc<CheckedOperation>) {
        if operation.is_always_valid && !operation.plans.are_too_many {
            self.0.insert(Key(Arc::clone(text), name.map(str::to_owned)), Arc::clone(operation));
        }
    }
}
