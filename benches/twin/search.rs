//! Full-text search.

use super::derived::words;

/// The words that a task must contain, as tokens of the user's index.
pub struct Search {
    /// Whole words.
    pub whole: Vec<String>,
    /// The beginning of one more word.
    pub prefix: String,
}

impl Search {
    /// The words of a text as it is typed; `None` when there is none.
    pub fn parse(user: i64, typed: &str) -> Option<Self> {
        let words = words(user, typed);
        let mut whole: Vec<_> = words.split_terminator(' ').map(str::to_owned).collect();
        let prefix = whole.pop()?;
        Some(Self { whole, prefix })
    }

    /// The parameters of [`Search::sql`] from the third on: patterns for the words of a task.
    pub fn patterns(&self) -> impl Iterator<Item = String> {
        let prefix = &self.prefix;
        let beginnings = [format!("% {prefix} %"), format!("% {prefix}%")];
        beginnings.into_iter().chain(self.whole.iter().map(|word| format!("% {word} %")))
    }

    /// Reads the tasks that match best, one more than a page of 20. A word counts more in the title than in
    /// the description, and more as a whole word than as the beginning of one.
    pub fn sql(&self, matches: &str) -> String {
        const TITLE: &str = "' ' || title_words || ' '";
        const DESCRIPTION: &str = "' ' || description_words || ' '";
        let beginning = format!(
            "CASE WHEN {TITLE} LIKE $3 THEN 4 WHEN {TITLE} LIKE $4 THEN 3 \
                 WHEN {DESCRIPTION} LIKE $3 THEN 2 ELSE 1 END"
        );
        let whole = (5..5 + self.whole.len())
            .map(|pattern| format!("CASE WHEN {TITLE} LIKE ${pattern} THEN 4 ELSE 2 END"));
        let relevance = whole.chain([beginning]).collect::<Vec<_>>().join(" + ");
        format!(
            "SELECT id, title, description, completed_at IS NOT NULL, due_on, created_at, \
                 {relevance} AS relevance \
             FROM task WHERE user_no = $1 AND deleted_at IS NULL AND {matches} \
             ORDER BY relevance DESC, created_at DESC, id DESC LIMIT 21"
        )
    }
}
