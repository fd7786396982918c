//! The columns that are computed from others, so that they can be sorted and searched by.

use std::fmt::Write;

use chrono::{DateTime, Datelike, NaiveDate};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_segmentation::UnicodeSegmentation;

use super::database::NewTask;

/// What follows from a task that is due at an instant of a day in UTC, or not at all.
pub struct Derived {
    /// The title as it sorts.
    pub title_key: String,
    pub title_words: String,
    pub description_words: String,
    pub due_on: Option<NaiveDate>,
    pub due_asc: i64,
    pub due_desc: i64,
    pub completed_asc: i64,
    pub completed_desc: i64,
}

impl Derived {
    pub fn of(user: i64, task: &NewTask) -> Self {
        let due_key = task.due_at.map(due_key);
        Self {
            title_key: task.title.to_lowercase(),
            title_words: words(user, &task.title),
            description_words: words(user, task.description.as_deref().unwrap_or_default()),
            due_on: task.due_at.map(day),
            due_asc: due_key.unwrap_or(i64::MAX),
            due_desc: due_key.unwrap_or(i64::MIN),
            completed_asc: task.completed_at.unwrap_or(i64::MAX),
            completed_desc: task.completed_at.unwrap_or(i64::MIN),
        }
    }
}

/// The words without case and accents, each behind its owner's number.
pub fn words(owner: i64, text: &str) -> String {
    let mut words = String::new();
    for word in text.unicode_words() {
        if !words.is_empty() {
            words.push(' ');
        }
        let _ = write!(words, "{owner}x");
        let letters = word.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
        words.extend(letters);
    }
    words
}

/// The position of what comes after the last task: its number and sixteen more, to the base of 62,
/// behind a letter for how many digits there are.
pub fn position_after(last: Option<&str>) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let digit = |byte| DIGITS.iter().position(|digit| *digit == byte).unwrap_or_default();
    let mut rank = last.map_or(1, |last| {
        last.bytes().skip(1).fold(0, |rank, byte| rank * 62 + digit(byte) + 1) + 16
    });
    let mut digits = Vec::new();
    while rank > 0 {
        rank -= 1;
        digits.push(char::from(DIGITS[rank % 62]));
        rank /= 62;
    }
    let letter = ['a', 'b', 'c', 'd', 'e'][digits.len() - 1];
    std::iter::once(letter).chain(digits.into_iter().rev()).collect()
}

/// The day of an instant, in UTC.
fn day(millis: i64) -> NaiveDate {
    DateTime::from_timestamp_millis(millis).unwrap_or_default().date_naive()
}

/// How many bits of a due key the time takes.
const DAY_BITS: u32 = 28;

/// An instant of a day in one number: the day above, the time below, far enough from its ends that
/// a day without a time has room on both sides.
fn due_key(millis: i64) -> i64 {
    const DAY_MILLIS: i64 = 86_400_000;
    let day = since_1970(day(millis));
    let time = millis - day * DAY_MILLIS + (1 << (DAY_BITS - 1));
    (day << DAY_BITS) + time.clamp(1, (1 << DAY_BITS) - 2)
}

/// A number beyond the due keys of all tasks that are overdue or due today. What is due at an instant was
/// given its day in the zone that the user had then, which is two days ahead of the present one at most.
pub fn due_key_beyond(today: NaiveDate) -> i64 {
    (since_1970(today) + 3) << DAY_BITS
}

fn since_1970(day: NaiveDate) -> i64 {
    const DAYS_TO_1970: i64 = 719_163;
    i64::from(day.num_days_from_ce()) - DAYS_TO_1970
}
