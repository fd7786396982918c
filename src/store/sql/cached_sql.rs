//! Statements that are built once: from then on only their values differ.

use std::{
    mem,
    sync::{Arc, OnceLock},
};

use chrono::{Days, NaiveDate};
use quick_cache::sync::Cache;
use sea_orm::{
    DbBackend, Statement, StatementBuilder, Value, Values,
    sea_query::{
        ArrayType, Condition, Expr, ExprTrait, IntoColumnRef, extension::postgres::PgFunc,
    },
};
use uuid::Uuid;

use crate::{store::owned::UserNo, time::Timestamp};

/// A statement whose text is always the same.
///
/// Which of its values is which parameter is found out when it is built first, from two samples: a
/// value that differs between them must be a parameter, and one that does not is a constant. So there is
/// no list of values whose order could be wrong.
#[derive(Clone, Debug, Default)]
pub struct CachedSql(Arc<OnceLock<Option<Template>>>);

/// Statements whose text depends on what kind of parameters they have: which conditions a filter consists of,
/// but not what they compare with. Each is built once, as a [`CachedSql`] is.
#[derive(Debug)]
pub struct ShapedSql(Cache<Box<[u8]>, Arc<Option<Template>>>);

/// How many of them are kept: front ends have dozens.
const MOST_SHAPES: usize = 1_000;

/// All that the text of a statement depends on.
#[derive(Debug, Default)]
pub struct Shape {
    bytes: Vec<u8>,
    /// How many values there are, at the most.
    values: usize,
    is_unknown: bool,
}

/// The parameters of a statement.
pub trait Parameters: Sized {
    type Values: AsMut<[Value]>;

    /// Parameters of the same shape, whose values are all different from each other and from those of other
    /// samples.
    fn sample(&self, sample: &mut Sample) -> Self;

    /// All values that the statement makes of them, in any order; there may be more.
    fn values(self) -> Self::Values;

    /// Whether the text of the statement does not depend on them.
    fn is_text_fixed(&self) -> bool {
        true
    }
}

/// A source of values that no statement has.
#[derive(Debug)]
pub struct Sample(i64);

impl Sample {
    pub fn number(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }

    pub fn id<I: From<Uuid>>(&mut self) -> I {
        Uuid::from_u64_pair(0, self.number().unsigned_abs()).into()
    }

    pub fn timestamp(&mut self) -> Timestamp {
        Timestamp::from_millis(self.number()).unwrap_or(Timestamp::EPOCH)
    }

    /// A number that fits into every column of numbers.
    pub fn small_number(&mut self) -> i16 {
        let number = self.number();
        // Each sample has a thousand of its own.
        i16::try_from((number >> SAMPLE_BITS) * 1_000 + number % 1_000).unwrap_or_default()
    }

    /// A word.
    pub fn text(&mut self) -> String {
        format!("s{}", self.number())
    }

    /// A value of the same type.
    pub fn value(&mut self, like: &Value) -> Value {
        match like {
            Value::SmallInt(_) => self.small_number().into(),
            Value::Int(_) => i32::from(self.small_number()).into(),
            Value::BigInt(_) => self.number().into(),
            Value::String(_) => self.text().into(),
            Value::Uuid(_) => self.id::<Uuid>().into(),
            Value::ChronoDate(_) => self.day().into(),
            Value::ChronoDateTimeUtc(_) => self.timestamp().into(),
            // A shape says that it is not known.
            other => other.clone(),
        }
    }

    /// Days that do not follow one another: a range of them has both ends.
    fn day(&mut self) -> NaiveDate {
        let days = Days::new(3 * u64::from(self.small_number().unsigned_abs()));
        NaiveDate::default().checked_add_days(days).unwrap_or_default()
    }
}

/// A sample's numbers begin with its own.
const SAMPLE_BITS: u32 = 40;

impl Shape {
    /// A larger one is not kept.
    const MOST_BYTES: usize = 512;
    /// One with more values is not kept either: a sample has a thousand, also for cursors and the words of a search.
    const MOST_VALUES: usize = 400;

    /// Something of which there are few.
    pub fn add<const N: usize>(&mut self, what: [u8; N]) {
        self.bytes.extend_from_slice(&what);
    }

    /// Says that the text depends on something else as well.
    pub fn set_unknown(&mut self) {
        self.is_unknown = true;
    }

    /// How many there are of something.
    pub fn count(&mut self, count: usize) {
        self.add([u8::try_from(count).unwrap_or(u8::MAX)]);
        self.values += count;
        self.is_unknown |= count >= usize::from(u8::MAX);
    }

    /// The name of something, such as a column.
    pub fn name(&mut self, name: &str) {
        self.bytes.extend_from_slice(name.as_bytes());
        self.add([0]);
    }

    /// The type of a value.
    pub fn value(&mut self, value: &Value) {
        let ty = match value {
            Value::SmallInt(Some(_)) => 1,
            Value::Int(Some(_)) => 2,
            Value::BigInt(Some(_)) => 3,
            Value::String(Some(_)) => 4,
            Value::Uuid(Some(_)) => 5,
            Value::ChronoDate(Some(_)) => 6,
            Value::ChronoDateTimeUtc(Some(_)) => 7,
            _ => {
                self.is_unknown = true;
                0
            }
        };
        self.values += 1;
        self.add([ty]);
    }

    /// The types of some values.
    pub fn values<'v>(&mut self, values: impl ExactSizeIterator<Item = &'v Value>) {
        self.count(values.len());
        values.for_each(|value| self.value(value));
    }

    fn is_kept(&self) -> bool {
        !self.is_unknown && self.bytes.len() <= Self::MOST_BYTES && self.values <= Self::MOST_VALUES
    }
}

impl Default for ShapedSql {
    fn default() -> Self {
        Self(Cache::new(MOST_SHAPES))
    }
}

impl ShapedSql {
    /// The statement with these parameters, see [`CachedSql::with`]; without a shape, it is built.
    pub fn with<C, P: Parameters + Clone, S: StatementBuilder>(
        &self,
        backend: DbBackend,
        shape: &Shape,
        context: &C,
        parameters: P,
        build: fn(&C, P) -> S,
    ) -> Statement {
        if !shape.is_kept() {
            return backend.build(&build(context, parameters));
        }
        let template = self.0.get(&shape.bytes[..]).unwrap_or_else(|| {
            let template = Arc::new(Template::of(backend, context, &parameters, build));
            self.0.insert(shape.bytes.as_slice().into(), Arc::clone(&template));
            template
        });
        debug_assert!(template.is_some(), "a value of the statement is none of the parameters'");
        let Some(template) = &*template else {
            return backend.build(&build(context, parameters));
        };
        // Whether the shape tells all that the text depends on: each test that reads a list looks.
        debug_assert_eq!(
            template.fill(backend, parameters.clone().values()),
            backend.build(&build(context, parameters.clone())),
        );
        template.fill(backend, parameters.values())
    }
}

#[derive(Debug)]
struct Template {
    sql: Box<str>,
    values: Box<[Slot]>,
}

#[derive(Debug)]
enum Slot {
    Constant(Value),
    /// The parameter of that index, which another slot needs as well.
    Shared(usize),
    /// The parameter of that index for the last time.
    Last(usize),
}

impl CachedSql {
    /// The statement with these parameters. `build` can capture nothing, so that nothing of one call
    /// gets into the statement of another; the context is whatever owns the statement.
    pub fn with<C, P: Parameters, S: StatementBuilder>(
        &self,
        backend: DbBackend,
        context: &C,
        parameters: P,
        build: fn(&C, P) -> S,
    ) -> Statement {
        if parameters.is_text_fixed() {
            let template =
                self.0.get_or_init(|| Template::of(backend, context, &parameters, build));
            debug_assert!(
                template.is_some(),
                "a value of the statement is none of the parameters'"
            );
            if let Some(template) = template {
                return template.fill(backend, parameters.values());
            }
        }
        backend.build(&build(context, parameters))
    }
}

impl Template {
    /// `None` where a value depends on the parameters in a way that they do not tell.
    fn of<C, P: Parameters, S: StatementBuilder>(
        backend: DbBackend,
        context: &C,
        parameters: &P,
        build: fn(&C, P) -> S,
    ) -> Option<Self> {
        let [(one, mut ones), (other, mut others)] = [1, 2].map(|sample: i64| {
            let sample = || parameters.sample(&mut Sample(sample << SAMPLE_BITS));
            (backend.build(&build(context, sample())), sample().values())
        });
        let (ones, others) = (ones.as_mut(), others.as_mut());
        let same_text = one.sql == other.sql;
        let pairs = one.values.into_iter().flatten().zip(other.values.into_iter().flatten());
        let slot = |(one, other): (Value, Value)| {
            if one == other {
                return Some(Slot::Constant(one));
            }
            let is_it = |at: &usize| ones[*at] == one && others[*at] == other;
            (0..ones.len()).find(is_it).map(Slot::Shared)
        };
        let mut values = pairs.map(slot).collect::<Option<Box<[_]>>>().filter(|_| same_text)?;
        let mut taken = vec![false; ones.len()];
        for slot in values.iter_mut().rev() {
            if let Slot::Shared(at) = *slot
                && !mem::replace(&mut taken[at], true)
            {
                *slot = Slot::Last(at);
            }
        }
        Some(Self { sql: one.sql.into(), values })
    }

    fn fill(&self, db_backend: DbBackend, mut parameters: impl AsMut<[Value]>) -> Statement {
        let parameters = parameters.as_mut();
        let values = self.values.iter().map(|slot| match slot {
            Slot::Constant(value) => value.clone(),
            Slot::Shared(at) => parameters[*at].clone(),
            Slot::Last(at) => mem::replace(&mut parameters[*at], Value::Bool(None)),
        });
        let values = Some(Values(values.collect()));
        Statement { sql: self.sql.to_string(), values, db_backend }
    }
}

impl Parameters for (UserNo,) {
    type Values = [Value; 1];

    fn sample(&self, sample: &mut Sample) -> Self {
        (UserNo(sample.number()),)
    }

    fn values(self) -> [Value; 1] {
        [self.0.0.into()]
    }
}

impl Parameters for (UserNo, Uuid) {
    type Values = [Value; 2];

    fn sample(&self, sample: &mut Sample) -> Self {
        (UserNo(sample.number()), sample.id())
    }

    fn values(self) -> [Value; 2] {
        [self.0.0.into(), self.1.into()]
    }
}

impl Parameters for (UserNo, IdSet) {
    type Values = [Value; 2];

    fn sample(&self, sample: &mut Sample) -> Self {
        (UserNo(sample.number()), IdSet { ids: vec![sample.id()], is_one_value: true })
    }

    fn values(self) -> [Value; 2] {
        [self.0.0.into(), self.1.into()]
    }

    fn is_text_fixed(&self) -> bool {
        self.1.is_one_value
    }
}

/// Ids to look for. On PostgreSQL they are one value, so that a statement is the same for however many
/// they are, and planned once.
#[derive(Clone, Debug)]
pub struct IdSet {
    ids: Vec<Uuid>,
    is_one_value: bool,
}

impl IdSet {
    pub fn new<I: Copy + Into<Uuid>>(ids: &[I], backend: DbBackend) -> Self {
        let ids = ids.iter().map(|id| (*id).into()).collect();
        Self { ids, is_one_value: backend == DbBackend::Postgres }
    }

    pub fn ids(&self) -> &[Uuid] {
        &self.ids
    }

    /// Whether a column holds one of these ids.
    pub fn contains(&self, column: impl IntoColumnRef) -> Condition {
        let column = Expr::col(column);
        let ids = self.clone();
        Condition::all().add(if self.is_one_value {
            column.eq(PgFunc::any(Expr::value(ids)))
        } else {
            column.is_in(ids.ids)
        })
    }
}

impl From<IdSet> for Value {
    fn from(set: IdSet) -> Self {
        let ids = set.ids.into_iter().map(Self::from).collect();
        Self::Array(ArrayType::Uuid, Some(Box::new(ids)))
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{Query, SelectStatement};

    use super::*;

    fn select(
        backend: DbBackend,
        parameters: (UserNo, Uuid),
        build: fn((UserNo, Uuid)) -> SelectStatement,
    ) -> Option<Statement> {
        let template =
            Template::of(backend, &build, &parameters, |build, parameters| build(parameters));
        template.map(|template| template.fill(backend, parameters.values()))
    }

    #[test]
    fn values_come_in_the_order_of_the_statement() {
        let statement = |(user, id): (UserNo, Uuid)| {
            let values = [id.into(), user.0.into(), 1.into(), user.0.into()];
            Query::select().exprs(values.map(Expr::value::<Value>)).take()
        };
        for backend in [DbBackend::Sqlite, DbBackend::Postgres] {
            let parameters = (UserNo(7), Uuid::max());
            let cached = select(backend, parameters, statement);
            assert_eq!(cached, Some(backend.build(&statement(parameters))));
        }
    }

    #[test]
    fn a_value_that_the_parameters_do_not_tell_is_not_taken_for_a_constant() {
        let statement =
            |(user, _): (UserNo, Uuid)| Query::select().expr(Expr::value(user.0 + 1)).take();
        assert_eq!(select(DbBackend::Sqlite, (UserNo(7), Uuid::max()), statement), None);
    }
}
