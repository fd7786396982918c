//! Real front-end clients against the built binary: runs the Node tests of `tests/clients`.

use std::{
    env,
    io::{Write, stderr},
    path::Path,
    process::{Command, Stdio},
};

#[test]
fn real_clients_work_with_the_server() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let npm = |arguments: &[&str]| {
        let mut command = Command::new("npm");
        command.args(arguments).current_dir(&folder);
        command.env("TASKWARD_BIN", env!("CARGO_BIN_EXE_taskward"));
        command
    };
    let found = npm(&["--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        assert!(env::var_os("CI").is_none(), "in CI, Node.js and npm have to be installed");
        // What a passing test prints with `println!` is not shown.
        let line = "skipped: real_clients_work_with_the_server: npm is not installed\n";
        stderr().write_all(line.as_bytes()).unwrap();
        return;
    }
    for arguments in [&["ci", "--no-audit", "--no-fund"][..], &["test"]] {
        let status = npm(arguments).status().expect("npm was found a moment ago");
        assert!(status.success(), "`npm {}` in tests/clients failed", arguments.join(" "));
    }
}
