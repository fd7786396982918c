//! The columns that are computed from others, so that they can be sorted and searched by.

use chrono::{DateTime, Datelike, NaiveDate};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_segmentation::UnicodeSegmentation;

/// The title as it sorts.
pub fn title_key(title: &str) -> String {
    title.to_lowercase()
}

/// The words of title and description without case and accents, each between spaces.
pub fn words(title: &str, description: Option<&str>) -> String {
    let mut words = String::from(" ");
    for word in title.unicode_words().chain(description.unwrap_or_default().unicode_words()) {
        let letters = word.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
        words.extend(letters);
        words.push(' ');
    }
    words
}

/// The day of an instant, in UTC.
pub fn day(millis: i64) -> NaiveDate {
    DateTime::from_timestamp_millis(millis).unwrap_or_default().date_naive()
}

/// An instant of a day in one number: the day above, the time below, far enough from its ends that
/// a day without a time has room on both sides.
pub fn due_key(millis: i64) -> i64 {
    const DAY_MILLIS: i64 = 86_400_000;
    const DAYS_TO_1970: i64 = 719_163;
    const DAY_BITS: u32 = 28;
    let day = i64::from(day(millis).num_days_from_ce()) - DAYS_TO_1970;
    let time = millis - day * DAY_MILLIS + (1 << (DAY_BITS - 1));
    (day << DAY_BITS) + time.clamp(1, (1 << DAY_BITS) - 2)
}
