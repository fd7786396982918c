//! Finding tasks by their words, and how well they match: on SQLite by an FTS5 table, on PostgreSQL
//! by a GIN index, with the same tokens on both.

use sea_orm::{
    Condition, DbBackend, ExprTrait,
    sea_query::{BinOper, CaseStatement, Expr, IntoCondition, SimpleExpr},
};

use super::{keyset::SortKey, text::Search};
use crate::store::{
    entity::task::{Column, Entity},
    owned::UserNo,
};

/// The tasks of a user that hold every word.
pub fn found(search: &Search, user: UserNo, backend: DbBackend) -> Condition {
    let whole = search.whole_tokens(user.0);
    let prefix = search.prefix_token(user.0);
    if backend == DbBackend::Sqlite {
        let words = whole.map(|token| format!("\"{token}\""));
        let matching = join(words, format!("\"{prefix}\" *"), " AND ");
        Expr::cust_with_values(
            "\"task\".\"no\" IN (SELECT rowid FROM task_search WHERE task_search MATCH ?)",
            [matching],
        )
        .into_condition()
    } else {
        let words = whole.map(|token| format!("'{token}'"));
        let matching = join(words, format!("'{prefix}':*"), " & ");
        Expr::cust_with_values("\"task\".\"tokens\" @@ CAST($1 AS tsquery)", [matching])
            .into_condition()
    }
}

fn join(words: impl Iterator<Item = String>, last: String, and: &str) -> String {
    words.chain([last]).collect::<Vec<_>>().join(and)
}

/// How well a task matches, if it matches at all. For each word 4 where the title has it and 2 where
/// only the description has it; for the last word 3 and 1 where they only begin with it.
pub fn relevance(search: Option<&Search>, user: UserNo) -> SortKey<Entity> {
    let Some(search) = search else {
        return SortKey::Computed(Expr::value(0_i64));
    };
    let whole: Vec<_> = search.whole_tokens(user.0).collect();
    let prefix = search.prefix_token(user.0);
    let of_whole = |token: &String| {
        CaseStatement::new().case(has(Column::TitleWords, token), 4_i64).finally(2_i64)
    };
    let of_prefix = CaseStatement::new()
        .case(has(Column::TitleWords, &prefix), 4_i64)
        .case(has_beginning(Column::TitleWords, &prefix), 3_i64)
        .case(has(Column::DescriptionWords, &prefix), 2_i64)
        .finally(1_i64);
    let sum =
        whole.iter().map(of_whole).fold(SimpleExpr::Case(Box::new(of_prefix)), |sum, word| {
            sum.add(SimpleExpr::Case(Box::new(word)))
        });
    SortKey::Computed(sum)
}

fn has(words: Column, token: &str) -> SimpleExpr {
    spaced(words).like(format!("% {token} %"))
}

fn has_beginning(words: Column, token: &str) -> SimpleExpr {
    spaced(words).like(format!("% {token}%"))
}

/// The words with a space on both sides of each. Tokens have nothing in them that `LIKE` reads.
fn spaced(words: Column) -> SimpleExpr {
    let joined = BinOper::Custom("||");
    Expr::value(" ").binary(joined, Expr::col((Entity, words))).binary(joined, " ")
}
