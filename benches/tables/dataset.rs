//! Users with tasks of every kind, always the same ones.

use uuid::{Builder, Uuid};

use crate::twin::database::NewTask;

/// How many tags each user has.
const TAGS: usize = 10;

/// So many users with so many tasks, one for each second before `now`, by turns.
#[derive(Clone, Copy)]
pub struct Dataset {
    pub users: usize,
    pub tasks: usize,
    pub now: i64,
}

pub struct OwnTag {
    pub user: usize,
    pub id: Uuid,
    pub name: String,
    pub created_at: i64,
}

pub struct OwnTask {
    pub user: usize,
    pub task: NewTask,
    pub tags: [Uuid; 2],
}

/// The `sub` of a user.
pub fn sub(user: usize) -> String {
    format!("user-{user}")
}

impl Dataset {
    /// All tags, which are older than the tasks.
    pub fn tags(self) -> impl Iterator<Item = OwnTag> {
        let tag = move |user, place| OwnTag {
            user,
            id: self.tag_id(user, place),
            name: format!("tag-{place}"),
            created_at: self.before(self.tasks + 1),
        };
        (0..self.users).flat_map(move |user| (0..TAGS).map(move |place| tag(user, place)))
    }

    /// All tasks, the oldest first.
    pub fn tasks(self) -> impl Iterator<Item = OwnTask> {
        (0..self.tasks).rev().map(move |n| self.task(n))
    }

    /// The open tasks of a user, the newest first.
    pub fn open_tasks(self, user: usize) -> impl Iterator<Item = OwnTask> {
        let tasks = (user..self.tasks).step_by(self.users).map(move |n| self.task(n));
        tasks.filter(|own| own.task.completed_at.is_none())
    }

    /// The newest task but so many.
    fn task(self, n: usize) -> OwnTask {
        const HOUR: i64 = 3_600_000;
        let (user, of_user) = (n % self.users, n / self.users);
        let created_at = self.before(n + 1);
        let description = || {
            format!(
                "A somewhat longer description of the task number {n} with details about what has to be done"
            )
        };
        let hours = i64::try_from(of_user % 1000).unwrap();
        let task = NewTask {
            id: id(n, created_at),
            title: format!("Task number {n} buy milk and bread"),
            description: (!of_user.is_multiple_of(3)).then(description),
            priority: i16::try_from(of_user % 5).unwrap(),
            due_at: of_user.is_multiple_of(2).then_some(self.now + hours * HOUR),
            completed_at: of_user.is_multiple_of(4).then_some(created_at),
            created_at,
        };
        let place = of_user % (TAGS - 1);
        OwnTask { user, task, tags: [place, place + 1].map(|place| self.tag_id(user, place)) }
    }

    fn tag_id(self, user: usize, place: usize) -> Uuid {
        id(user * TAGS + place, self.before(self.tasks + 1))
    }

    fn before(self, seconds: usize) -> i64 {
        self.now - i64::try_from(seconds).unwrap() * 1000
    }
}

/// A time-ordered id whose random part is not random.
fn id(n: usize, created_at: i64) -> Uuid {
    let scattered = (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
    let mut random = [0; 10];
    random[..8].copy_from_slice(&scattered);
    Builder::from_unix_timestamp_millis(created_at.cast_unsigned(), &random).into_uuid()
}
