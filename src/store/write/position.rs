//! Where something stands among its siblings: a text between the texts of its neighbours, so that
//! moving one of them writes one row.
//!
//! A key is a list of whole numbers. Lists compare number by number, and a list comes before those
//! that it begins. Each number is written so that comparing the bytes compares the numbers: a letter
//! for sign and length, then the digits. Even two numbers with none between them have room for a
//! list that goes one number deeper:
//!
//! ```text
//! Zk   a0   a0Zk   a0a0   a0aG   a1   aG   b0q
//! -16  0    0,-16  0,0    0,16   1    16   88
//! ```
//!
//! A number is made far from its neighbour ([`STEP`]) where nothing lies on the other side, and
//! halfway where something does. So keys stay short when everything comes to one end or next to one
//! sibling, where numbers merely grow, and where gaps get narrower, each halving costing a bit.

/// How many characters a key may have. Where one would get longer, all the siblings get new keys.
pub const MOST: usize = 64;

/// The way from one number to the next: room for some to come between, and yet several numbers of
/// one digit.
const STEP: i64 = 16;

/// In the order of their bytes.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE: u64 = 62;

/// A key between two others, which are given in their order; `None` is an open end. Beyond the last
/// key it is one short number; and one key followed by another is a key, so a whole list of siblings
/// comes after `last` when `between(last, None)` is written before each of theirs.
///
/// Only what is made here is a key. Nothing else is refused, though: what cannot be read is as if it
/// were not there, and of two keys in the wrong order the first one counts.
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

/// A number with as few digits as there can be: `a0` to `az` are followed by `b00`, and `Zz` down to
/// `Z0` by `Yzz`.
fn written(number: i64) -> String {
    let negative = number < 0;
    // How far it is from zero, counted from one on either side.
    let mut rank = number.unsigned_abs() + u64::from(!negative);
    let mut letter = if negative { b'Z' + 1 } else { b'a' - 1 };
    let mut reversed = Vec::new();
    while rank > 0 {
        rank -= 1;
        #[expect(clippy::cast_possible_truncation, reason = "a digit is small")]
        let digit = DIGITS[(if negative { BASE - 1 - rank % BASE } else { rank % BASE }) as usize];
        reversed.push(digit);
        rank /= BASE;
        letter = if negative { letter - 1 } else { letter + 1 };
    }
    reversed.push(letter);
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
    let (letter, rest) = key.split_first()?;
    // Ten digits fit into the type, and there is room left to count on.
    let (negative, longer) = match letter {
        b'a'..=b'j' => (false, letter - b'a'),
        b'Q'..=b'Z' => (true, b'Z' - letter),
        _ => return None,
    };
    let (digits, rest) = rest.split_at_checked(usize::from(longer) + 1)?;
    let mut rank = 0;
    for byte in digits {
        let digit = DIGITS.binary_search(byte).ok()? as u64;
        rank = rank * BASE + if negative { BASE - digit } else { digit + 1 };
    }
    let number = if negative { -rank.cast_signed() } else { rank.cast_signed() - 1 };
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::Index};

    use super::*;

    /// Puts a key into the gap before that place, between the keys on both sides of it.
    fn insert(keys: &mut Vec<String>, place: usize) {
        let before = place.checked_sub(1).map(|place| keys[place].as_str());
        let after = keys.get(place).map(String::as_str);
        let key = between(before, after);
        assert!(before.is_none_or(|before| before < key.as_str()), "{before:?} {key:?}");
        assert!(after.is_none_or(|after| key.as_str() < after), "{key:?} {after:?}");
        keys.insert(place, key);
    }

    /// The length of the longest key after so many inserts, each before the place that is chosen by
    /// how many keys there are.
    fn longest(inserts: usize, place: impl Fn(usize) -> usize) -> usize {
        let mut keys = Vec::new();
        for count in 0..inserts {
            insert(&mut keys, place(count));
        }
        keys.iter().map(String::len).max().unwrap()
    }

    #[test]
    fn numbers_sort_as_they_are_written() {
        let near = -300_000..300_000;
        for number in near.clone().chain([i64::MIN / 11, i64::MAX / 11]) {
            assert_eq!(read(written(number).as_bytes()), Some((number, &b""[..])));
        }
        assert!(near.map(written).is_sorted_by(|one, next| one < next));
        let edges = [-63, -62, -1, 0, 61, 62, 3905, 3906].map(written);
        assert_eq!(edges, ["Yzz", "Z0", "Zz", "a0", "az", "b00", "bzz", "c000"]);
    }

    #[test]
    fn keys_stay_short() {
        const MANY: usize = 10_000;
        const SCATTER: usize = 0x9E37_79B9;
        assert_eq!(longest(MANY, |count| count), 4, "at the end");
        assert_eq!(longest(MANY, |_| 0), 4, "at the beginning");
        assert_eq!(longest(MANY, |count| count.min(1)), 6, "just after one");
        assert_eq!(longest(MANY, |count| count.saturating_sub(1)), 6, "just before one");
        assert_eq!(longest(MANY, |count| count * SCATTER / 64 % (count + 1)), 12, "anywhere");
        // The worst that can be done: always between the last two.
        assert_eq!(longest(190, |count| count / 2), MOST, "in between");
    }

    #[test]
    fn what_is_no_key_does_no_harm() {
        assert_eq!(between(Some("a0?"), Some("a1")), "a0a0");
        assert_eq!(between(Some("é"), Some("Zk")), between(None, Some("Zk")));
        assert_eq!(between(Some("zz"), None), "a0");
        assert_eq!(between(Some("a1"), Some("a0")), "a1a0");
        assert_eq!(between(Some("a0"), Some("a0")), "a0a0");
        let edge = format!("j{}", "z".repeat(10));
        assert!(between(Some(&edge), None) > edge);
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

        #[test]
        fn neighbours_of_any_keys_stay_between(
            keys in prop::collection::btree_set(any_key(), 0..5),
            place: Index,
        ) {
            let mut keys: Vec<String> = keys.into_iter().collect();
            let place = place.index(keys.len() + 1);
            insert(&mut keys, place);
        }

        #[test]
        fn a_block_comes_after_all_and_others_come_after_it(
            before in prop::collection::btree_set(any_key(), 0..5),
            block in prop::collection::btree_set(any_key(), 1..5),
            behind in 1..5,
        ) {
            let mut keys: Vec<String> = before.into_iter().collect();
            let start = between(keys.last().map(String::as_str), None);
            keys.extend(block.into_iter().map(|key| start.clone() + &key));
            prop_assert!(keys.is_sorted_by(|one, next| one < next));
            for _ in 0..behind {
                let end = keys.len();
                insert(&mut keys, end);
            }
        }

        #[test]
        fn nothing_panics(before: Option<String>, after: Option<String>) {
            between(before.as_deref(), after.as_deref());
        }
    }

    fn any_key() -> impl Strategy<Value = String> {
        let number = prop_oneof![-2..3_i64, -100..100_i64, -1_000_000_000..1_000_000_000_i64];
        prop::collection::vec(number, 1..4)
            .prop_map(|numbers| numbers.into_iter().map(written).collect())
    }
}
