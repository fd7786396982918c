//! Text as it sorts and as it is searched: made here and stored, so that both databases agree.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_segmentation::UnicodeSegmentation;

/// The key by which a title sorts: without regard to case, Unicode included.
pub fn sort_key(title: &str) -> String {
    title.to_lowercase()
}

/// The key by which a name is unique and sorts: without regard to case, Unicode included.
pub fn name_key(name: &str) -> String {
    folded(name.nfc())
}

/// The words of a task in one text, each between spaces, for [`Search`] to look through.
pub fn indexed(title: &str) -> String {
    let mut text = String::from(" ");
    for word in words(title) {
        text.push_str(&word);
        text.push(' ');
    }
    text
}

/// What is looked for: every word must occur, the last one may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Words that must occur as they are.
    pub whole: Vec<String>,
    /// How some word must begin.
    pub prefix: String,
}

impl Search {
    /// Reads what somebody typed; `None` when there is no word in it.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let mut whole: Vec<String> = words(typed).collect();
        let prefix = whole.pop()?;
        Some(Self { whole, prefix })
    }
}

/// The words by Unicode's rules (UAX 29), without regard to case and accents.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.unicode_words().map(|word| folded(word.nfd().filter(|c| !is_combining_mark(*c))))
}

/// Without regard to case. Down, up and down again: `ẞ` and `ß` meet `SS` in capitals, and `ς` meets
/// `σ`.
fn folded(letters: impl Iterator<Item = char>) -> String {
    let capitals = letters.flat_map(char::to_lowercase).flat_map(char::to_uppercase);
    capitals.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lose_case_and_accents() {
        assert_eq!(
            indexed("Crème BRÛLÉE, 2×", Some("naïve\nÅngström")),
            " creme brulee 2 naive angstrom "
        );
        assert_eq!(indexed("ΟΔΟΣ οδός", Some("Straße STRAẞE")), " οδοσ οδοσ strasse strasse ");
    }

    #[test]
    fn a_search_without_words_is_none() {
        assert_eq!(Search::parse(" *\"'() 🎉 %_ "), None);
    }

    #[test]
    fn the_last_word_is_a_prefix() {
        let search = Search::parse("Buy MIL").unwrap();
        assert_eq!((search.whole, search.prefix), (vec!["buy".to_owned()], "mil".to_owned()));
    }
}
