//! Where something stands among its siblings: a text between the texts of its neighbours, so that
//! moving one of them writes one row.
//!
//! A key is a list of whole numbers; lists compare number by number, and one comes before those
//! that it begins. Each number is written so that comparing the bytes compares the numbers: a letter
//! for sign and length, then the digits. Between two neighbouring numbers there is always room for
//! a list that goes one number deeper:
//!
//! ```text
//! Zk   a0   a0Zk   a0a0   a0aG   aG   b0q
//! -16  0    0,-16  0,0    0,16   16   88
//! ```
//!
//! Numbers are made far apart ([`STEP`]) wherever one side is open, and halfway where both sides
//! are bounded, so keys stay short both when everything comes at one end or next to the same
//! sibling (the numbers grow) and when the gaps get narrower and narrower (every halving costs a bit).

/// How long a key may get, in characters. For a longer one, all siblings get new keys by [`spread`].
pub const MOST: usize = 64;

/// From one number to the next where nothing lies beyond: room for a few to come between, and yet
/// several numbers of one digit.
const STEP: i64 = 16;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE: i64 = 62;

/// A key between two others, which are given in their order; `None` is an open end.
///
/// Keys are made here only. Should one be none after all, what cannot be read is as if it were not
/// there; and of two keys that are not in order, the first one counts.
pub fn between(before: Option<&str>, after: Option<&str>) -> String {
    let (left, right) = (numbers(before), numbers(after));
    let shared = left.iter().zip(&right).take_while(|(left, right)| left == right).count();
    let (kept, number) = match (left.get(shared), right.get(shared)) {
        (None, None) => (shared, 0),
        (None, Some(right)) => (shared, right - STEP),
        (Some(left), None) => (shared, left + STEP),
        (Some(left), Some(right)) if right - left > 1 => (shared, left + (right - left) / 2),
        _ => (shared + 1, left.get(shared + 1).map_or(0, |left| left + STEP)),
    };
    left[..kept].iter().copied().chain([number]).map(written).collect()
}

/// What to put before each key of a whole list of siblings, so that they keep their order and come
/// after `last`: any key followed by another one is a key.
pub fn block_after(last: Option<&str>) -> String {
    between(last, None)
}

/// So many keys in order, short and with room between them.
pub fn spread(count: usize) -> impl Iterator<Item = String> {
    (0..).step_by(STEP as usize).take(count).map(written)
}

/// Each number has as few digits as its letter can tell from all the numbers nearer to zero: `a0`
/// to `az` are followed by `b00`, and `Zz` down to `Z0` by `Yzz`.
fn written(number: i64) -> String {
    let negative = number < 0;
    let mut rank = if negative { -number } else { number + 1 };
    let mut reversed = Vec::new();
    while rank > 0 {
        rank -= 1;
        let digit = rank % BASE;
        reversed.push(DIGITS[(if negative { BASE - 1 - digit } else { digit }) as usize]);
        rank /= BASE;
    }
    let longer = reversed.len() as u8 - 1;
    reversed.push(if negative { b'Z' - longer } else { b'a' + longer });
    reversed.into_iter().rev().map(char::from).collect()
}

fn numbers(key: Option<&str>) -> Vec<i64> {
    let mut rest = key.unwrap_or_default().as_bytes();
    std::iter::from_fn(|| {
        let (number, behind) = read(rest)?;
        rest = behind;
        Some(number)
    })
    .collect()
}

/// The first number of a key, and what follows it.
fn read(key: &[u8]) -> Option<(i64, &[u8])> {
    let (head, rest) = key.split_first()?;
    let (negative, longer) = match head {
        b'a'..=b'j' => (false, head - b'a'),
        b'Q'..=b'Z' => (true, b'Z' - head),
        _ => return None, // Ten digits are as many as fit into the type.
    };
    let (digits, rest) = rest.split_at_checked(usize::from(longer) + 1)?;
    let mut rank = 0;
    for byte in digits {
        let digit = DIGITS.binary_search(byte).ok()? as i64;
        rank = rank * BASE + if negative { BASE - digit } else { digit + 1 };
    }
    Some((if negative { -rank } else { rank - 1 }, rest))
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::Index};

    use super::*;

    /// Puts a new key into the gap before that place, and looks at it.
    fn insert(keys: &mut Vec<String>, place: usize) {
        let before = place.checked_sub(1).map(|place| keys[place].as_str());
        let after = keys.get(place).map(String::as_str);
        let key = between(before, after);
        assert!(before.is_none_or(|before| before < &key), "{before:?} {key:?}");
        assert!(after.is_none_or(|after| &*key < after), "{key:?} {after:?}");
        keys.insert(place, key);
    }

    /// The length of the longest key after that many inserts, each at the place that is chosen from
    /// how many keys there are.
    fn longest(inserts: usize, mut place: impl FnMut(usize) -> usize) -> usize {
        let mut keys = Vec::new();
        for count in 0..inserts {
            insert(&mut keys, place(count));
        }
        keys.iter().map(String::len).max().unwrap()
    }

    #[test]
    fn numbers_sort_as_they_are_written() {
        let numbers = || (-300_000..300_000).chain([i64::MIN / 11, i64::MAX / 11]);
        for number in numbers() {
            assert_eq!(read(written(number).as_bytes()), Some((number, &b""[..])));
        }
        assert!((-300_000..300_000).map(written).is_sorted_by(|one, next| one < next));
        let edges = [-63, -62, -1, 0, 61, 62, 3905, 3906].map(written);
        assert_eq!(edges, ["Yzz", "Z0", "Zz", "a0", "az", "b00", "bzz", "c000"]);
    }

    #[test]
    fn keys_stay_short_where_everything_comes_at_one_place() {
        const MANY: usize = 10_000;
        assert_eq!(longest(MANY, |count| count), 4, "at the end");
        assert_eq!(longest(MANY, |_| 0), 4, "at the beginning");
        assert_eq!(longest(MANY, |count| count.min(1)), 6, "just after one");
        assert_eq!(longest(MANY, |count| count.saturating_sub(1)), 6, "just before one");
        assert_eq!(longest(MANY, |count| count / 2), 0, "in the middle of all");
    }

    proptest! {
        #[test]
        fn any_inserts_keep_the_order(places in prop::collection::vec(any::<Index>(), 0..300)) {
            let mut keys = Vec::new();
            for place in places {
                let place = place.index(keys.len() + 1);
                insert(&mut keys, place);
            }
            prop_assert!(keys.is_sorted_by(|one, next| one < next));
        }
    }
}
