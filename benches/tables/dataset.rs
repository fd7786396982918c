//! Users with tasks of every kind, always the same ones.

use uuid::{Builder, Uuid};

use crate::twin::database::NewTask;

/// How many tags each user has.
const TAGS: usize = 10;

/// So many users with so many tasks, two for each second before `now`; a few of them are in the trash,
/// none for as long as it takes until it is emptied.
#[derive(Clone, Copy)]
pub struct Dataset {
    pub users: usize,
    pub tasks: usize,
    pub now: i64,
    /// Whether a third of the tasks is the first user's, and not as many as those of the others.
    pub is_lopsided: bool,
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
    /// Some went to the trash as soon as they were made.
    pub is_in_trash: bool,
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
        let tasks = (0..self.tasks).filter(move |n| self.owner(*n).0 == user);
        let is_open = |own: &OwnTask| own.task.completed_at.is_none() && !own.is_in_trash;
        tasks.map(move |n| self.task(n)).filter(is_open)
    }

    /// Whose the newest task but so many is, and how many newer ones they have.
    fn owner(self, n: usize) -> (usize, usize) {
        match n % 3 {
            _ if !self.is_lopsided || self.users == 1 => (n % self.users, n / self.users),
            0 => (0, n / 3),
            turn => {
                let (n, others) = (n / 3 * 2 + turn - 1, self.users - 1);
                (1 + n % others, n / others)
            }
        }
    }

    /// The newest task but so many.
    fn task(self, n: usize) -> OwnTask {
        const HOUR: i64 = 3_600_000;
        let (user, of_user) = self.owner(n);
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
        OwnTask {
            user,
            task,
            tags: [place, place + 1].map(|place| self.tag_id(user, place)),
            // A prime number, so that there are tasks of all kinds.
            is_in_trash: of_user % 19 == 18,
        }
    }

    fn tag_id(self, user: usize, place: usize) -> Uuid {
        id(user * TAGS + place, self.before(self.tasks + 1))
    }

    fn before(self, turns: usize) -> i64 {
        self.now - i64::try_from(turns).unwrap() * 500
    }
}

/// A time-ordered id whose random part is not random.
fn id(n: usize, created_at: i64) -> Uuid {
    let scattered = (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
    let mut random = [0; 10];
    random[..8].copy_from_slice(&scattered);
    Builder::from_unix_timestamp_millis(created_at.cast_unsigned(), &random).into_uuid()
}
