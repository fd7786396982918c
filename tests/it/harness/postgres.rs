//! A PostgreSQL server for as long as this process lives. The benchmarks start theirs here, too.

use std::{
    env,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Command, Stdio},
};

/// Starts a server on a free port that ends with this process, however that ends: a shell waits for
/// the end of its input, and then stops the server and clears up. `None` where PostgreSQL is not
/// installed.
pub fn start() -> Option<String> {
    const SCRIPT: &str = include_str!("../../postgres.sh");
    let port = free_port();
    let mut shell = Command::new("sh")
        .args(["-c", SCRIPT, "sh"])
        .arg(binaries()?)
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    let output = shell.stdout.take().unwrap();
    BufReader::new(output).read_line(&mut ready).unwrap();
    assert_eq!(ready.trim(), "ready", "PostgreSQL did not start");
    // The input stays open as long as this process lives.
    std::mem::forget(shell);
    Some(format!("postgres://postgres@127.0.0.1:{port}"))
}

/// Where PostgreSQL's programs are: where Debian hides them, the newest version first, or on the path.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let programs = ["initdb", "postgres", "pg_isready"];
    folders.into_iter().find(|folder| programs.iter().all(|name| folder.join(name).exists()))
}

/// A port that nothing listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
