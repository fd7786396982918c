//! Lines and columns.

use async_graphql::Pos;

/// Finds the places of a text by their offsets in bytes. apollo-compiler counts the bytes of a line for its
/// columns.
pub(super) struct Places<'t> {
    text: &'t str,
    /// The offset that was last asked for, and its place: most are asked for in their order.
    last: (usize, Pos),
}

impl<'t> Places<'t> {
    const START: (usize, Pos) = (0, Pos { line: 1, column: 1 });

    pub(super) fn new(text: &'t str) -> Self {
        Self { text, last: Self::START }
    }

    pub(super) fn at(&mut self, offset: usize) -> Pos {
        let (from, mut place) = if offset < self.last.0 { Self::START } else { self.last };
        let mut between = self.text.get(from..offset).unwrap_or_default().chars().peekable();
        while let Some(next) = between.next() {
            match next {
                '\r' if between.peek() == Some(&'\n') => {}
                '\r' | '\n' => place = Pos { line: place.line + 1, column: 1 },
                _ => place.column += 1,
            }
        }
        self.last = (offset, place);
        place
    }
}
