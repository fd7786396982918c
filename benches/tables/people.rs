//! Users with tasks of every kind, always the same ones.

use uuid::{Builder, Uuid};

use crate::twin::database::NewTask;

/// How many tags each user has.
const TAGS: usize = 10;

/// A user, and all that is theirs, the oldest first.
pub struct Person {
    pub sub: String,
    pub tags: Vec<NewTag>,
    pub tasks: Vec<TaggedTask>,
}

pub struct NewTag {
    pub id: Uuid,
    pub name: String,
    pub created_at: i64,
}

pub struct TaggedTask {
    pub task: NewTask,
    /// Places in the user's list of tags.
    pub tags: [usize; 2],
}

/// The `sub` of a user.
pub fn sub(user: usize) -> String {
    format!("user-{user}")
}

/// So many users with so many tasks, one for each second before `now`, by turns.
pub fn people(users: usize, tasks: usize, now: i64) -> impl Iterator<Item = Person> {
    (0..users).map(move |user| Person {
        sub: sub(user),
        tags: (0..TAGS).map(|place| tag(user * TAGS + place, place, ago(now, tasks + 1))).collect(),
        tasks: (0..tasks)
            .rev()
            .filter(|n| n % users == user)
            .map(|n| TaggedTask { task: task(n, n / users, now), tags: tags(n / users) })
            .collect(),
    })
}

fn tag(n: usize, place: usize, created_at: i64) -> NewTag {
    NewTag { id: id(n, created_at), name: format!("tag-{place}"), created_at }
}

/// The task of that number, the so many-th of its user.
fn task(n: usize, of_user: usize, now: i64) -> NewTask {
    const HOUR: i64 = 3_600_000;
    let created_at = ago(now, n + 1);
    let description = || {
        format!(
            "A somewhat longer description of the task number {n} with details about what has to be done"
        )
    };
    let hours = i64::try_from(of_user % 1000).unwrap();
    NewTask {
        id: id(n, created_at),
        title: format!("Task number {n} buy milk and bread"),
        description: (!of_user.is_multiple_of(3)).then(description),
        priority: i16::try_from(of_user % 5).unwrap(),
        due_at: of_user.is_multiple_of(2).then_some(now + hours * HOUR),
        completed_at: of_user.is_multiple_of(4).then_some(created_at),
        created_at,
    }
}

fn tags(of_user: usize) -> [usize; 2] {
    let first = of_user % (TAGS - 1);
    [first, first + 1]
}

fn ago(now: i64, seconds: usize) -> i64 {
    now - i64::try_from(seconds).unwrap() * 1000
}

/// A time-ordered id whose random part is not random.
fn id(n: usize, created_at: i64) -> Uuid {
    let scattered = (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
    let mut random = [0; 10];
    random[..8].copy_from_slice(&scattered);
    Builder::from_unix_timestamp_millis(created_at.cast_unsigned(), &random).into_uuid()
}
