//! How many bytes a request may read and answer, and how much the database may be asked to compare.
//!
//! What a document could return is limited before it runs, by the number of its objects and fields. That says
//! little about their texts: a description can be a thousand times as long as an id. So the bytes are
//! counted as well, while rows are read and while the response is written.

use std::{
    error::Error,
    fmt::{self, Display},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use sea_orm::sqlx::{
    Decode, Row, Sqlite, Type, ValueRef,
    postgres::{PgRow, PgValueRef},
    sqlite::SqliteRow,
};

/// The budget of one request, or of one result of a subscription. Its clones share it.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    limit: usize,
    read: AtomicUsize,
    written: AtomicUsize,
    comparisons: AtomicUsize,
    is_exceeded: AtomicBool,
}

/// The filters of a request compare each task with more than so many values.
#[derive(Clone, Copy, Debug)]
pub struct TooManyComparisons(pub usize);

/// The response would be larger than so many bytes.
#[derive(Clone, Copy, Debug)]
pub struct TooLarge(pub usize);

impl Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the response would be larger than {} bytes", self.0)
    }
}

impl Error for TooLarge {}

/// As many as the largest filter makes by itself: 50 conditions, each with 100 ids, and 200 words.
const MOST_COMPARISONS: usize = 50 * 100 + 200;

impl Budget {
    /// A budget of so many bytes for what is read, and as many for what is written.
    pub fn new(limit: usize) -> Self {
        let (read, written, comparisons, is_exceeded) = Default::default();
        Self(Arc::new(Counters { limit, read, written, comparisons, is_exceeded }))
    }

    /// Counts bytes that were read.
    pub fn read(&self, bytes: usize) -> Result<(), TooLarge> {
        self.at_most(self.0.read.fetch_add(bytes, Ordering::Relaxed) + bytes)
    }

    /// Counts bytes that will be in the response.
    pub fn write(&self, bytes: usize) -> Result<(), TooLarge> {
        self.at_most(self.0.written.fetch_add(bytes, Ordering::Relaxed) + bytes)
    }

    /// Counts what a filter compares each task with.
    pub fn compare(&self, values: usize) -> Result<(), TooManyComparisons> {
        if self.0.comparisons.fetch_add(values, Ordering::Relaxed) + values <= MOST_COMPARISONS {
            Ok(())
        } else {
            Err(TooManyComparisons(MOST_COMPARISONS))
        }
    }

    /// Checks how many bytes were written so far.
    pub fn at_most(&self, bytes: usize) -> Result<(), TooLarge> {
        if bytes <= self.0.limit {
            return Ok(());
        }
        self.0.is_exceeded.store(true, Ordering::Relaxed);
        Err(TooLarge(self.0.limit))
    }

    /// An error once the budget was exceeded: nothing more is started for the request.
    pub fn check(&self) -> Result<(), TooLarge> {
        if self.0.is_exceeded.load(Ordering::Relaxed) {
            Err(TooLarge(self.0.limit))
        } else {
            Ok(())
        }
    }

    /// Starts anew.
    pub fn renew(&self) {
        self.0.read.store(0, Ordering::Relaxed);
        self.0.written.store(0, Ordering::Relaxed);
        self.0.comparisons.store(0, Ordering::Relaxed);
        self.0.is_exceeded.store(false, Ordering::Relaxed);
    }
}

/// A row of a driver.
pub trait RowSize {
    /// The bytes of the values that can be long.
    fn size(&self) -> usize;
}

/// The values as they were sent.
impl RowSize for PgRow {
    fn size(&self) -> usize {
        let bytes = |value: PgValueRef<'_>| value.as_bytes().map_or(0, <[u8]>::len);
        let values = (0..self.len()).filter_map(|at| self.try_get_raw(at).ok());
        values.filter(|value| !value.is_null()).map(bytes).sum()
    }
}

/// The texts: to look at a number as bytes would make a text of it.
impl RowSize for SqliteRow {
    fn size(&self) -> usize {
        let values = (0..self.len()).filter_map(|at| self.try_get_raw(at).ok());
        let texts = values.filter(|value| {
            !value.is_null() && <str as Type<Sqlite>>::compatible(&value.type_info())
        });
        texts.map(|text| <&[u8] as Decode<Sqlite>>::decode(text).map_or(0, <[u8]>::len)).sum()
    }
}
