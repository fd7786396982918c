//! What figures have in common.

/// The median of at least one figure.
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.into_iter().collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "no figure is that large")]
pub fn float(number: usize) -> f64 {
    number as f64
}
