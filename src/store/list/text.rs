//! Text as it sorts and as it is searched: made here and stored, so that both databases agree.

use unicode_normalization::{
    UnicodeNormalization,
    char::{canonical_combining_class, is_combining_mark},
};
use unicode_segmentation::UnicodeSegmentation;

use crate::store::sql::cached_sql::Sample;

/// The key by which a title sorts: without regard to case, Unicode included.
pub fn sort_key(title: &str) -> String {
    title.to_lowercase()
}

/// The key by which a name is unique and sorts: without regard to case, Unicode included.
pub fn name_key(name: &str) -> String {
    // Folding takes some letters apart.
    folded(name.nfd()).nfc().collect()
}

/// The words of an owner's text as the search index keeps them, with a space between them.
pub fn indexed(owner: i64, text: &str) -> String {
    words(text).map(|word| token(owner, &word)).collect::<Vec<_>>().join(" ")
}

/// What is looked for: every word must occur, the last one may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Words that must occur as they are.
    whole: Vec<String>,
    /// How some word must begin.
    prefix: String,
}

impl Search {
    /// Reads what somebody typed; `None` when there is no word in it.
    pub fn parse(typed: &str) -> Option<Self> {
        let mut whole: Vec<String> = words(typed).collect();
        let prefix = whole.pop()?;
        Some(Self { whole, prefix })
    }

    /// How many words are looked for.
    pub fn words(&self) -> usize {
        self.whole.len() + 1
    }

    /// As many other words.
    pub fn sample(&self, sample: &mut Sample) -> Self {
        Self { whole: self.whole.iter().map(|_| sample.text()).collect(), prefix: sample.text() }
    }

    /// How the index keeps the words that must occur as they are, for that owner.
    pub fn whole_tokens(&self, owner: i64) -> impl Iterator<Item = String> {
        self.whole.iter().map(move |word| token(owner, word))
    }

    /// How the index keeps words that begin as the last one, for that owner.
    pub fn prefix_token(&self, owner: i64) -> String {
        token(owner, &self.prefix)
    }
}

/// A word in the index: behind its owner's number, so that a search reads the words of one user and
/// of no other, and of letters and digits alone for the tokenizers of both databases: punctuation
/// that is part of a word gives way to characters that nobody writes.
fn token(owner: i64, word: &str) -> String {
    const PRIVATE_USE: u32 = 0xE000;
    let in_letters = |c: char| {
        let stand_in = char::from_u32(PRIVATE_USE + u32::from(c));
        if c.is_ascii_punctuation() { stand_in.unwrap_or(c) } else { c }
    };
    let mut token = format!("{owner}x");
    token.extend(word.chars().map(in_letters));
    token.truncate(token.floor_char_boundary(LONGEST_TOKEN));
    token
}

/// In bytes: PostgreSQL indexes 2,046 of a word at the most. A word that somebody searches for is
/// never cut, since even folded it is shorter.
const LONGEST_TOKEN: usize = 1_900;

/// The words by Unicode's rules (UAX 29), without regard to case and accents. White space always
/// parts them: by the rules, the narrow one that stands before a French `!` joins them.
fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(char::is_whitespace).flat_map(UnicodeSegmentation::unicode_words);
    let words = words.map(|word| folded(word.nfd().filter(|c| !is_accent(*c))));
    // By the rules, a mark on a space is a word too.
    words
        .filter(|word| word.contains(char::is_alphanumeric) && !word.starts_with(is_combining_mark))
}

/// Whether a mark only changes the letter that it is on; in the scripts of India and Thailand, vowels
/// are marks too.
fn is_accent(c: char) -> bool {
    is_combining_mark(c) && (canonical_combining_class(c) != 0 || !c.is_alphabetic())
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
        assert_eq!(indexed(7, "Crème BRÛLÉE, 2×"), "7xcreme 7xbrulee 7x2");
        assert_eq!(indexed(7, "ΟΔΟΣ οδός Straße STRAẞE"), "7xοδοσ 7xοδοσ 7xstrasse 7xstrasse");
    }

    #[test]
    fn vowels_are_no_accents() {
        assert_eq!(indexed(7, "दिल"), "7xदिल");
        assert_ne!(indexed(7, "दिल"), indexed(7, "दाल"));
        assert_eq!(indexed(7, "שָׁלוֹם 1️⃣"), indexed(7, "שלום 1"));
    }

    #[test]
    fn a_marked_space_is_no_word() {
        assert_eq!(indexed(7, "a \u{345} b \u{93e}"), "7xa 7xb");
    }

    #[test]
    fn white_space_parts_words() {
        assert_eq!(indexed(7, "lait\u{202f}! 1\u{202f}000\u{a0}g"), "7xlait 7x1 7x000 7xg");
    }

    #[test]
    fn punctuation_within_a_word_is_told_apart_without_being_any() {
        let punctuated = indexed(7, "it's 3.5 a_b");
        assert!(punctuated.chars().all(|c| c == ' ' || !c.is_ascii_punctuation()));
        for other in ["its", "it", "35", "3,5", "ab"] {
            assert!(!punctuated.split(' ').any(|word| word == indexed(7, other)), "{other}");
        }
        assert_eq!(punctuated, indexed(7, "IT'S 3.5 A_B"));
    }

    #[test]
    fn no_owners_words_begin_like_anothers() {
        let (one, twelve) = (indexed(1, "2xmas"), indexed(12, "xmas"));
        assert!(!twelve.starts_with(&Search::parse("2").unwrap().prefix_token(1)));
        assert!(one.starts_with(&Search::parse("2").unwrap().prefix_token(1)));
    }

    #[test]
    fn a_word_fits_into_the_index_however_long_it_is() {
        for endless in ["a", "a_", "각", "ﬃ"].map(|text| text.repeat(20_000)) {
            assert!(indexed(i64::MAX, &endless).len() <= 2_046);
            let longest: String = endless.chars().take(200).collect();
            let sought = Search::parse(&longest).unwrap().prefix_token(i64::MAX);
            assert!(sought.len() < LONGEST_TOKEN);
            assert!(indexed(i64::MAX, &endless).starts_with(&sought));
        }
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

    #[test]
    fn names_differ_by_more_than_case() {
        assert_eq!(name_key("STRASSE"), name_key("straße"));
        assert_eq!(name_key("Cafe\u{301}"), name_key("CAFÉ"));
        assert_eq!(name_key("\u{390}"), name_key("\u{3aa}\u{301}"));
        assert_ne!(name_key("cafe"), name_key("café"));
    }
}
