//! Users with tasks of every kind, always the same ones.

use uuid::{Builder, Uuid};

use crate::twin::database::NewTask;

/// How many tags each user has.
const TAGS: usize = 10;
/// How many lists each user has, besides that of an outline.
const LISTS: usize = 6;
/// How many subtasks each task of an outline has.
const SUBTASKS: usize = 20;
/// What tasks are about. A prime number of them, so that there are tasks of all kinds about each.
const ERRANDS: [&str; 11] = [
    "buy milk and bread",
    "call the plumber",
    "water the garden",
    "repair the bicycle",
    "book a train ride",
    "renew the passport",
    "visit the dentist",
    "return the books",
    "clean the windows",
    "send the invoice",
    "sort the photos",
];
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// So many users with so many tasks, two for each second before `now`; a few of them are in the trash,
/// none for as long as it takes until it is emptied. Each user has some tasks that were due yesterday or
/// are due today, and the others that are due at all are so later.
#[derive(Clone, Copy, Default)]
pub struct Dataset {
    pub users: usize,
    pub tasks: usize,
    pub now: i64,
    /// Whether a third of the tasks is the first user's, and not as many as those of the others.
    pub is_lopsided: bool,
    /// How many users, the first ones, have an outline besides: a list whose tasks have [`SUBTASKS`].
    /// They are older than all other tasks.
    pub outlines: usize,
    /// How many tasks such a list has.
    pub outline_tasks: usize,
}

pub struct OwnList {
    pub user: usize,
    pub id: Uuid,
    pub name: String,
    pub color: Option<&'static str>,
    pub created_at: i64,
}

pub struct OwnTag {
    pub user: usize,
    pub id: Uuid,
    pub name: String,
    pub color: Option<&'static str>,
    pub created_at: i64,
}

pub struct OwnTask {
    pub user: usize,
    pub task: NewTask,
    pub list: Option<Uuid>,
    pub parent: Option<Uuid>,
    pub tags: [Uuid; 2],
    /// Some went to the trash as soon as they were made.
    pub is_in_trash: bool,
}

/// The `sub` of a user.
pub fn sub(user: usize) -> String {
    format!("user-{user}")
}

impl Dataset {
    /// All lists, which are older than the tasks.
    pub fn lists(self) -> impl Iterator<Item = OwnList> {
        let list = move |user, place| OwnList {
            user,
            id: self.list_id(user, place),
            name: format!("list-{place}"),
            color: color(place),
            created_at: self.beginning(),
        };
        let lists = move |user| if user < self.outlines { LISTS + 1 } else { LISTS };
        (0..self.users).flat_map(move |user| (0..lists(user)).map(move |place| list(user, place)))
    }

    /// All tags, which are older than the tasks.
    pub fn tags(self) -> impl Iterator<Item = OwnTag> {
        let tag = move |user, place| OwnTag {
            user,
            id: self.tag_id(user, place),
            name: format!("tag-{place}"),
            color: color(place),
            created_at: self.beginning(),
        };
        (0..self.users).flat_map(move |user| (0..TAGS).map(move |place| tag(user, place)))
    }

    /// All tasks, the oldest first.
    pub fn tasks(self) -> impl Iterator<Item = OwnTask> {
        (0..self.len())
            .rev()
            .map(move |n| if n < self.tasks { self.task(n) } else { self.task_of_outline(n) })
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
        let (user, of_user) = self.owner(n);
        let turns = i64::try_from(of_user).unwrap();
        let midnight = self.now - self.now.rem_euclid(DAY);
        // Several are due at once, so that their priorities tell their order.
        let due_at = midnight - DAY + turns / 16 * 4 * HOUR;
        let list = of_user % (LISTS + 1);
        OwnTask {
            list: (list < LISTS).then(|| self.list_id(user, list)),
            // A prime number, so that there are tasks of all kinds.
            is_in_trash: of_user % 19 == 18,
            ..self.plain_task(n, user, of_user, of_user.is_multiple_of(2).then_some(due_at))
        }
    }

    /// The same beyond [`Dataset::tasks`]: a task of an outline, or a subtask, which comes after its task.
    fn task_of_outline(self, n: usize) -> OwnTask {
        let from_oldest = self.len() - 1 - n;
        let (user, of_user) = (from_oldest % self.outlines, from_oldest / self.outlines);
        let place = of_user % (1 + SUBTASKS);
        let parent = n + place * self.outlines;
        OwnTask {
            list: Some(self.outline(user)),
            parent: (place > 0).then(|| self.task_id(parent)),
            ..self.plain_task(n, user, of_user, None)
        }
    }

    /// A task in the inbox.
    fn plain_task(self, n: usize, user: usize, of_user: usize, due_at: Option<i64>) -> OwnTask {
        let created_at = self.before(n + 1);
        let errand = |of_user: usize| ERRANDS[of_user % ERRANDS.len()];
        let description = || {
            let errand = errand(of_user + 3);
            format!(
                "A somewhat longer description of the task number {n} with details about how to {errand}"
            )
        };
        let task = NewTask {
            id: self.task_id(n),
            title: format!("Task number {n} {}", errand(of_user)),
            description: (!of_user.is_multiple_of(3)).then(description),
            priority: i16::try_from(of_user % 5).unwrap(),
            due_at,
            completed_at: of_user.is_multiple_of(4).then_some(created_at),
            created_at,
        };
        let place = of_user % (TAGS - 1);
        let tags = [place, place + 1].map(|place| self.tag_id(user, place));
        OwnTask { user, task, list: None, parent: None, tags, is_in_trash: false }
    }

    /// The list of a user's outline.
    pub fn outline(self, user: usize) -> Uuid {
        self.list_id(user, LISTS)
    }

    /// How many tasks there are in all.
    fn len(self) -> usize {
        self.tasks + self.outlines * self.outline_tasks * (1 + SUBTASKS)
    }

    fn task_id(self, n: usize) -> Uuid {
        id(n, self.before(n + 1))
    }

    fn tag_id(self, user: usize, place: usize) -> Uuid {
        id(user * TAGS + place, self.beginning())
    }

    fn list_id(self, user: usize, place: usize) -> Uuid {
        id(self.users * TAGS + user * (LISTS + 1) + place, self.beginning())
    }

    /// Before the first task.
    fn beginning(self) -> i64 {
        self.before(self.len() + 1)
    }

    fn before(self, turns: usize) -> i64 {
        self.now - i64::try_from(turns).unwrap() * 500
    }
}

/// The color of the list or tag at that place; some have none.
fn color(place: usize) -> Option<&'static str> {
    [Some("#2e7d32"), Some("#1565c0"), Some("#c62828"), None][place % 4]
}

/// A time-ordered id whose random part is not random.
fn id(n: usize, created_at: i64) -> Uuid {
    let scattered = (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
    let mut random = [0; 10];
    random[..8].copy_from_slice(&scattered);
    Builder::from_unix_timestamp_millis(created_at.cast_unsigned(), &random).into_uuid()
}
