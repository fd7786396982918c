//! Lines and columns.

use async_graphql::Pos;

/// The places of a text by their offsets in bytes. apollo-compiler counts the bytes of a line for its columns.
///
/// The places of its tokens are counted once, from one to the next, so that a long line or comment is not
/// read again for each field that stands behind it.
#[derive(Debug)]
pub(super) struct Places {
    text: Box<str>,
    /// In their order.
    tokens: Vec<(usize, Pos)>,
}

impl Places {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.into(), tokens: vec![(0, Pos { line: 1, column: 1 })] }
    }

    /// Adds a token behind the others.
    pub(super) fn add(&mut self, offset: usize) {
        let place = self.at(offset);
        self.tokens.push((offset, place));
    }

    pub(super) fn at(&self, offset: usize) -> Pos {
        let behind = self.tokens.partition_point(|(token, _)| *token <= offset);
        let (from, mut place) = self.tokens[behind.saturating_sub(1)];
        let mut between = self.text.get(from..offset).unwrap_or_default().chars().peekable();
        while let Some(next) = between.next() {
            match next {
                '\r' if between.peek() == Some(&'\n') => {}
                '\r' | '\n' => place = Pos { line: place.line + 1, column: 1 },
                _ => place.column += 1,
            }
        }
        place
    }
}
