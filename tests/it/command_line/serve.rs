//! `serve`, in development mode and in production mode.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, ErrorKind, Write, pipe},
    os::{
        fd::OwnedFd,
        unix::{fs::symlink, net::UnixStream},
    },
    process::Command,
    time::Duration,
};

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::{
    Server,
    process::{Folder, SECRET, chmod, mode},
};

const SECRET_FILE: &str = "data/development-secret";

/// The token in the greeting: the only line that is one word of three parts.
fn token(greeting: &str) -> &str {
    let is_token = |line: &&str| line.starts_with("ey") && line.matches('.').count() == 2;
    greeting.lines().map(str::trim).find(is_token).unwrap_or_else(|| panic!("{greeting}"))
}

/// A client that uses no proxy.
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Sends a query over HTTP.
async fn post(server: &Server, token: Option<&str>, query: &str) -> (StatusCode, Value) {
    let url = format!("http://{}/graphql", server.address);
    let mut request = client().request(Method::POST, url);
    request = request.header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let reply = request.body(json!({"query": query}).to_string()).send().await.unwrap();
    (reply.status(), serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap())
}

async fn page(server: &Server) -> (StatusCode, String) {
    let reply = client().get(format!("http://{}/", server.address)).send().await.unwrap();
    (reply.status(), reply.text().await.unwrap())
}

#[tokio::test]
async fn development_mode_needs_no_settings_and_prints_a_token() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    let address = server.address.clone();
    assert!(folder.path("data/taskward.db").exists());
    assert_eq!(mode(&folder.path(SECRET_FILE)), 0o600);
    let secret = std::fs::read_to_string(folder.path(SECRET_FILE)).unwrap();
    assert!(secret.len() >= 43, "32 random bytes in letters");

    let (status, text) = page(&server).await;
    assert_eq!(status, StatusCode::OK);
    let (status, schema) = post(&server, None, "{ __schema { queryType { name } } }").await;
    assert_eq!(
        (status, &schema["data"]["__schema"]["queryType"]["name"]),
        (StatusCode::OK, &json!("Query"))
    );

    let output = server.stops("TERM");
    output.succeeds();
    let greeting = &output.stdout;
    assert!(greeting.contains(&format!("http://{address}/graphql")), "{greeting}");
    assert!(text.contains(token(greeting)), "GraphiQL starts with the token");
    assert!(greeting.contains("curl "), "{greeting}");
    for said in [&output.stdout, &output.stderr] {
        assert!(!said.contains(&*secret), "{said}");
    }
    assert!(!output.stderr.contains(token(greeting)), "not in the log: {}", output.stderr);
}

#[tokio::test]
async fn the_printed_curl_command_works() {
    if Command::new("curl").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "in CI, curl has to be installed");
        println!("skipped: curl is not installed");
        return;
    }
    let folder = Folder::new();
    let mut server = folder.serve(&[]);
    let greeting = server.greeting(" -d '");
    let (_, line) = greeting.split_once("\n  curl ").unwrap();
    let line = format!("curl --silent --show-error --noproxy '*' {line}");
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
    let reply: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(reply["data"]["createTask"]["task"]["title"], "Buy milk", "{reply}");
    server.stops("TERM").succeeds();
}

#[tokio::test]
async fn tokens_and_tasks_survive_a_restart() {
    let folder = Folder::new();
    let first = folder.serve(&[]);
    let token_of = folder.run(&["token", "--sub=dev-user"]);
    token_of.succeeds();
    let mine = token_of.stdout.trim().to_owned();
    let create = "mutation { createTask(input: {title: \"Milk\"}) { task { id } } }";
    post(&first, Some(&mine), create).await;
    let secret = std::fs::read_to_string(folder.path(SECRET_FILE)).unwrap();
    let greeting = first.stops("TERM").stdout;

    let second = folder.serve(&[]);
    let query = "{ viewer { id email } tasks { nodes { title } } }";
    for token in [mine.as_str(), token(&greeting)] {
        let (status, reply) = post(&second, Some(token), query).await;
        assert_eq!(status, StatusCode::OK, "{reply}");
        assert_eq!(reply["data"]["viewer"]["id"], "dev-user");
        assert_eq!(reply["data"]["tasks"]["nodes"], json!([{"title": "Milk"}]));
    }
    assert_eq!(std::fs::read_to_string(folder.path(SECRET_FILE)).unwrap(), secret);
    second.stops("TERM").succeeds();
}

#[test]
fn a_secret_that_others_may_read_or_write_is_refused() {
    let folder = Folder::new();
    folder.serve(&[]).stops("TERM").succeeds();
    for mode in [0o640, 0o620, 0o604, 0o602] {
        chmod(&folder.path(SECRET_FILE), mode);
        for command in [&["token", "--sub=alice"], &["serve", "--listen=127.0.0.1:0"]] {
            let output = folder.run(command);
            let faults = output.faults();
            assert!(
                faults[0].contains(&format!("chmod 600 {SECRET_FILE}")),
                "{mode:o}: {faults:?}"
            );
        }
    }
    chmod(&folder.path(SECRET_FILE), 0o400);
    folder.run(&["token", "--sub=alice"]).succeeds();
}

#[test]
fn development_mode_refuses_addresses_that_others_can_reach() {
    let folder = Folder::new();
    let output = folder.run(&["serve", "--listen=0.0.0.0:0"]);
    let faults = output.faults();
    assert!(faults[0].contains("BETTER_AUTH_URL") && faults[0].contains("127.0.0.1"), "{faults:?}");
    assert!(!folder.path("data").exists(), "nothing was made");
}

#[tokio::test]
async fn production_logs_no_secret_and_hides_the_schema() {
    let folder = Folder::new().with("BETTER_AUTH_SECRET", SECRET);
    let output = folder.run(&["token", "--sub=alice"]);
    let token = output.stdout.trim().to_owned();
    let server = folder.serve(&[]);

    assert_eq!(page(&server).await.0, StatusCode::NOT_FOUND);
    let (status, reply) = post(&server, Some(&token), "{ __schema { queryType { name } } }").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(reply["errors"][0]["message"], "introspection is off");
    let (_, reply) = post(&server, Some(&token), "query Mine { viewer { id } }").await;
    assert_eq!(reply["data"]["viewer"]["id"], "alice");

    let output = server.stops("TERM");
    output.succeeds();
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("Mine"), "it has a log: {}", output.stderr);
    for secret in [SECRET, token.as_str()] {
        assert!(!output.stderr.contains(secret), "{}", output.stderr);
    }
    assert!(!folder.path(SECRET_FILE).exists());
}

#[test]
fn only_the_owner_may_read_the_tasks() {
    let folder = Folder::new().with("DATABASE_URL", "sqlite://deep/my%20data/tasks.db");
    let server = folder.serve(&[]);
    for (made, expected) in [
        ("deep", 0o700),
        ("deep/my data", 0o700),
        ("data", 0o700),
        ("deep/my data/tasks.db", 0o600),
    ] {
        assert_eq!(mode(&folder.path(made)), expected, "{made}");
    }
    for suffix in ["-wal", "-shm"] {
        let made = format!("deep/my data/tasks.db{suffix}");
        assert_eq!(mode(&folder.path(&made)), 0o600, "{made}");
    }
    let output = server.stops("TERM");
    output.succeeds();
    assert!(!output.stderr.contains("WARN"), "{}", output.stderr);
}

#[test]
fn a_second_server_on_one_sqlite_file_is_refused_until_the_first_has_ended() {
    let folder = Folder::new();
    let first = folder.serve(&[]);
    let linked = folder.path("linked.db");
    symlink(folder.path("data/taskward.db"), &linked).unwrap();
    let linked = format!("--database-url=sqlite://{}", linked.display());
    for (arguments, file) in [
        (&["serve", "--listen=127.0.0.1:0"][..], "data/taskward.db"),
        (&["serve", "--listen=127.0.0.1:0", &linked], "linked.db"),
        (&["migrate"], "data/taskward.db"),
    ] {
        let output = folder.run(arguments);
        let faults = output.faults();
        assert!(
            faults[0].contains(&format!("{file} is in use by another taskward")),
            "{arguments:?}: {faults:?}"
        );
    }
    assert_eq!(mode(&folder.path("data/taskward.db-lock")), 0o600);

    first.stops("KILL");
    folder.run(&["migrate"]).succeeds();
    folder.serve(&[]).stops("TERM").succeeds();
}

#[test]
fn files_that_others_may_read_are_named_in_the_log_and_left_as_they_are() {
    let folder = Folder::new().with("DATABASE_URL", "sqlite://open/tasks.db");
    folder.serve(&[]).stops("TERM").succeeds();
    let open = [("open", 0o755), ("open/tasks.db", 0o640), ("open/tasks.db-wal", 0o640)];
    folder.write("open/tasks.db-wal", "");
    for (path, mode) in open {
        chmod(&folder.path(path), mode);
    }
    let server = folder.serve(&[]);
    for (path, expected) in open {
        assert_eq!(mode(&folder.path(path)), expected, "{path}");
    }
    let log = server.stops("TERM").stderr;
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), open.len(), "{log}");
    for (line, (path, mode)) in warnings.iter().zip(open) {
        assert!(line.contains(&format!("path={path} mode=\"{mode:04o}\"")), "{line}");
    }
}

#[test]
fn it_stops_cleanly_on_a_signal() {
    for signal in ["TERM", "INT"] {
        let output = Folder::new().serve(&[]).stops(signal);
        output.succeeds();
        assert!(output.stderr.contains("stopping"), "{}", output.stderr);
    }
}

#[test]
fn the_log_can_be_json() {
    let folder = Folder::new().with("TASKWARD_LOG_FORMAT", "json");
    let output = folder.serve(&[]).stops("TERM");
    output.succeeds();
    let lines: Vec<Value> =
        output.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["fields"]["message"].to_string().contains("listening")));
}

#[tokio::test]
async fn requests_are_answered_while_the_log_cannot_be_written() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let (reader, closed) = pipe().unwrap();
    drop(reader);
    for log in [OwnedFd::from(full), OwnedFd::from(closed)] {
        let server = Folder::new().serve_with_log(log);
        for _ in 0..3 {
            assert_eq!(page(&server).await.0, StatusCode::OK);
        }
        server.stops("TERM").succeeds();
    }
}

#[tokio::test]
async fn the_log_says_how_many_lines_it_has_lost() {
    let (mut log, mut writer) = UnixStream::pair().unwrap();
    // A log that is full until somebody reads it.
    writer.set_nonblocking(true).unwrap();
    let full = loop {
        if let Err(error) = writer.write_all(&[b'.'; 1 << 10]) {
            break error.kind();
        }
    };
    assert_eq!(full, ErrorKind::WouldBlock);
    let server = Folder::new().serve_with_log(OwnedFd::from(writer));
    for _ in 0..2 {
        page(&server).await;
    }
    log.set_nonblocking(true).unwrap();
    let empty = io::copy(&mut log, &mut io::sink()).unwrap_err();
    assert_eq!(empty.kind(), ErrorKind::WouldBlock);
    log.set_nonblocking(false).unwrap();
    log.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    page(&server).await;
    let lines: Vec<_> = BufReader::new(log).lines().take(3).map(Result::unwrap).collect();
    assert_eq!(lines[0], "", "what was written in part is ended");
    assert!(lines[1].contains("answered"), "{lines:?}");
    let told = "lines of the log were lost since the start lost=";
    let (_, lost) = lines[2].split_once(told).unwrap_or_else(|| panic!("{lines:?}"));
    // It listens, and has answered twice.
    assert!(lost.parse::<u32>().unwrap() >= 3, "{lines:?}");
    server.stops("TERM").succeeds();
}

#[test]
fn what_cannot_be_printed_is_a_fault() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let (reader, closed) = pipe().unwrap();
    drop(reader);
    for output in [OwnedFd::from(full), OwnedFd::from(closed)] {
        let output = Folder::new().run_printing_to(output, &["schema"]);
        let faults = output.faults();
        assert!(faults[0].starts_with("standard output cannot be written"), "{faults:?}");
    }
}

#[test]
fn a_port_in_use_is_a_fault() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    let listen = format!("--listen={}", server.address);
    let output = Folder::new().run(&["serve", &listen]);
    let faults = output.faults();
    assert!(faults[0].contains(&server.address), "{faults:?}");
}
