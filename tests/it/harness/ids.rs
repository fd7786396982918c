//! Client-supplied ids. They sort by their numbers.

fn id(kind: char, number: usize) -> String {
    let kind = kind.to_string().repeat(8);
    format!("{kind}-aaaa-4aaa-8aaa-{number:012x}")
}

pub fn task_id(number: usize) -> String {
    id('a', number)
}

pub fn tag_id(number: usize) -> String {
    id('b', number)
}

pub fn list_id(number: usize) -> String {
    id('c', number)
}
