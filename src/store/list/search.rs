//! Finding tasks by their words, and how well they match: on SQLite by an FTS5 table, on PostgreSQL
//! by a GIN index, with the same tokens on both.

use sea_orm::{
    Condition, DbBackend, ExprTrait, Value,
    sea_query::{BinOper, CaseStatement, Expr, IntoCondition, SimpleExpr},
};

use super::text::Search;
use crate::store::{
    entity::task::{Column, Entity},
    owned::UserNo,
    sql::cached_sql::Sample,
};

/// The tasks of a user that hold every word.
pub fn found(search: &Search, user: UserNo, backend: DbBackend) -> Condition {
    let matching = [pattern(search, user, backend)];
    let found = match backend {
        DbBackend::Sqlite => {
            "\"task\".\"no\" IN (SELECT rowid FROM task_search WHERE task_search MATCH ?)"
        }
        _ => "\"task\".\"tokens\" @@ CAST($1 AS tsquery)",
    };
    Expr::cust_with_values(found, matching).into_condition()
}

/// The words as the index of that database is asked for them.
pub fn pattern(search: &Search, user: UserNo, backend: DbBackend) -> String {
    let whole = search.whole_tokens(user.0);
    let prefix = search.prefix_token(user.0);
    if backend == DbBackend::Sqlite {
        join(whole.map(|token| format!("\"{token}\"")), format!("\"{prefix}\" *"), " AND ")
    } else {
        join(whole.map(|token| format!("'{token}'")), format!("'{prefix}':*"), " & ")
    }
}

fn join(words: impl Iterator<Item = String>, last: String, and: &str) -> String {
    words.chain([last]).collect::<Vec<_>>().join(and)
}

/// How well a user's tasks match a search; without one, all match alike.
#[derive(Clone, Debug)]
pub struct Relevance {
    pub search: Option<Search>,
    pub user: UserNo,
}

impl Relevance {
    /// How well a task matches, if it matches at all. For each word 4 where the title has it and 2 where
    /// only the description has it; for the last word 3 and 1 where they only begin with it.
    pub fn expr(&self) -> SimpleExpr {
        let Some(search) = &self.search else { return Expr::value(0_i64) };
        let prefix = search.prefix_token(self.user.0);
        let of_whole = |token: String| {
            CaseStatement::new().case(has(Column::TitleWords, word(&token)), 4_i64).finally(2_i64)
        };
        let of_prefix = CaseStatement::new()
            .case(has(Column::TitleWords, word(&prefix)), 4_i64)
            .case(has(Column::TitleWords, beginning(&prefix)), 3_i64)
            .case(has(Column::DescriptionWords, word(&prefix)), 2_i64)
            .finally(1_i64);
        let whole = search.whole_tokens(self.user.0).map(of_whole);
        whole.fold(SimpleExpr::Case(Box::new(of_prefix)), |sum, word| {
            sum.add(SimpleExpr::Case(Box::new(word)))
        })
    }

    /// The values in it.
    pub fn values(&self) -> impl Iterator<Item = Value> {
        let search = self.search.iter();
        search.flat_map(|search| {
            let prefix = search.prefix_token(self.user.0);
            let whole = search.whole_tokens(self.user.0).map(|token| word(&token));
            whole.chain([word(&prefix), beginning(&prefix)]).map(Value::from)
        })
    }

    /// Another user's, with as many words.
    pub fn sample(&self, sample: &mut Sample) -> Self {
        let user = UserNo(sample.number());
        Self { search: self.search.as_ref().map(|search| search.sample(sample)), user }
    }
}

fn has(words: Column, pattern: String) -> SimpleExpr {
    spaced(words).like(pattern)
}

fn word(token: &str) -> String {
    format!("% {token} %")
}

fn beginning(token: &str) -> String {
    format!("% {token}%")
}

/// The words with a space on both sides of each. Tokens have nothing in them that `LIKE` reads.
fn spaced(words: Column) -> SimpleExpr {
    let joined = BinOper::Custom("||");
    Expr::value(" ").binary(joined, Expr::col((Entity, words))).binary(joined, " ")
}
