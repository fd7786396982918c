//! The map of the crate, in the documentation of `src/lib.rs`: each room imports the rooms that its row
//! names, and no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Rooms, and the rooms that each of them may import, or imports.
type Rooms = BTreeMap<String, BTreeSet<String>>;

/// The room, file and line of an import of another room.
struct Import {
    from: String,
    to: String,
    place: String,
}

#[test]
fn each_room_imports_what_the_map_allows_and_nothing_else() {
    let allowed = map();
    let imports = imports(&allowed);
    assert!(imports.len() > 50, "only {} imports were found", imports.len());
    let forbidden: Vec<_> = imports
        .iter()
        .filter(|import| !allowed[&import.from].contains(&import.to))
        .map(|Import { from, to, place }| format!("{place}: `{from}` must not import `{to}`"))
        .collect();
    assert!(forbidden.is_empty(), "\n{}", forbidden.join("\n"));
    let is_used =
        |from: &str, to: &str| imports.iter().any(|import| import.from == from && import.to == to);
    for (from, rooms) in &allowed {
        let unused: Vec<_> = rooms.iter().filter(|to| !is_used(from, to)).collect();
        assert!(unused.is_empty(), "src/lib.rs: `{from}` does not import {unused:?}");
    }
}

#[test]
fn each_room_has_a_row_and_each_row_a_room() {
    let rooms: BTreeSet<_> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !["lib", "main"].contains(&name.as_str()))
        .collect();
    assert_eq!(map().into_keys().collect::<BTreeSet<_>>(), rooms);
}

#[test]
fn the_rooms_import_one_another_in_no_circle() {
    let mut left = map();
    // A room that imports none of those that are left is in no circle.
    while let Some(lowest) = left
        .iter()
        .find(|(_, imports)| imports.iter().all(|room| !left.contains_key(room)))
        .map(|(room, _)| room.clone())
    {
        left.remove(&lowest);
    }
    let circle: Vec<_> = left.keys().collect();
    assert!(circle.is_empty(), "src/lib.rs: in a circle, or above one: {circle:?}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The table in the documentation of the crate: ``| [`room`] | what is inside | `one`, `other` |``.
fn map() -> Rooms {
    let lib = fs::read_to_string(root().join("lib.rs")).unwrap();
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! | [`"));
    let map: Rooms = rows
        .map(|row| {
            let (room, rest) = row.split_once("`] | ").unwrap();
            let (_, imports) =
                rest.trim_end_matches([' ', '|']).split_once(" | ").unwrap_or_default();
            let imports = imports.split(", ").filter(|import| !import.is_empty());
            (room.to_owned(), imports.map(|import| import.trim_matches('`').to_owned()).collect())
        })
        .collect();
    assert!(map.len() > 5, "{map:?}");
    map
}

/// All imports of other rooms, in the files of each room.
fn imports(rooms: &Rooms) -> Vec<Import> {
    let mut imports = Vec::new();
    for from in rooms.keys() {
        let mut paths = vec![root().join(format!("{from}.rs")), root().join(from)];
        while let Some(path) = paths.pop() {
            if path.is_dir() {
                paths.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(root()).unwrap();
                let source = without_comments(&fs::read_to_string(&path).unwrap());
                let depth = relative.components().count();
                let others = roots(&source, &path_to_the_crate(depth))
                    .into_iter()
                    .filter(|(_, name)| name != from && rooms.contains_key(name));
                imports.extend(others.map(|(line, to)| {
                    let place = format!("src/{}:{line}", relative.display());
                    Import { from: from.clone(), to, place }
                }));
            }
        }
    }
    imports
}

/// Source code without the comments that take a line or its end; its lines stay where they are.
fn without_comments(source: &str) -> String {
    let code = |line: &str| match line.split_once(" //") {
        _ if line.trim_start().starts_with("//") => String::new(),
        Some((code, _)) => code.to_owned(),
        None => line.to_owned(),
    };
    source.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// How a module at that depth calls the crate: by `crate::`, or by one `super::` for each level.
fn path_to_the_crate(depth: usize) -> [String; 2] {
    ["crate::".to_owned(), "super::".repeat(depth)]
}

/// The first names after any of these paths, each with its line. A group in braces has several.
fn roots(source: &str, paths: &[String]) -> Vec<(usize, String)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut roots = Vec::new();
    for path in paths {
        for (start, _) in source.match_indices(path.as_str()) {
            if source[..start].ends_with(is_part) {
                continue;
            }
            let begin = start + path.len();
            for at in names(source, begin) {
                let name = source[at..].split(|c: char| !(c.is_alphanumeric() || c == '_')).next();
                let line = source[..at].lines().count();
                roots.push((line, name.unwrap_or_default().to_owned()));
            }
        }
    }
    roots
}

/// Where the names begin: one, or, in a group, one at its start and one after each comma.
fn names(source: &str, begin: usize) -> Vec<usize> {
    if !source[begin..].starts_with('{') {
        return vec![begin];
    }
    let (mut names, mut depth, mut is_next) = (Vec::new(), 0, false);
    for (offset, letter) in source[begin..].char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        match letter {
            '{' | ',' if depth == 1 => is_next = true,
            _ if depth == 0 => break,
            _ if is_next && !letter.is_whitespace() => {
                names.push(begin + offset);
                is_next = false;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn imports_are_found_however_they_are_written() {
    let source = without_comments(
        "use crate::{\n    auth::{self, Viewer}, // crate::no\n    time::Clock,\n};\n\
         /// See [`crate::no`].\nuse crate::store::{Store, error::StoreError};\n\
         fn f() -> $crate::error::ApiError { super::super::feed::new(super::no()) }\n\
         use my_crate::no;",
    );
    let mut found = roots(&source, &path_to_the_crate(2));
    found.sort();
    let expected = [(2, "auth"), (3, "time"), (6, "store"), (7, "error"), (7, "feed")];
    assert_eq!(found, expected.map(|(line, room)| (line, room.to_owned())));
}
