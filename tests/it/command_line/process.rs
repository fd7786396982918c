//! Runs the binary.

use std::{
    fs::Permissions,
    io::{self, BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use tempfile::TempDir;

/// A secret of sufficient length.
pub const SECRET: &str = "a secret of more than thirty-two bytes";
const BINARY: &str = env!("CARGO_BIN_EXE_taskward");
/// How long a test waits for output.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A working directory and an environment for the binary, both empty at first.
pub struct Folder {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Folder {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    /// Adds a variable to the environment.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path(file), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(BINARY, arguments)
    }

    fn command_of(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        let environment = self.environment.iter().map(|(name, value)| (name, value));
        command.args(arguments).env_clear().envs(environment).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.start(arguments).ends()
    }

    /// The same with another standard output.
    pub fn run_printing_to(&self, stdout: impl Into<Stdio>, arguments: &[&str]) -> Output {
        Running(self.command(arguments).stdout(stdout).spawn().unwrap()).ends()
    }

    /// Starts something that ends by itself.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running(self.command(arguments).spawn().unwrap())
    }

    /// Starts the server on a free port and waits until it listens.
    pub fn serve(&self, arguments: &[&str]) -> Server {
        let arguments = [&["serve", "--listen=127.0.0.1:0"], arguments].concat();
        Server::start(self.command(&arguments))
    }

    /// The same where the process may have that many files open.
    pub fn serve_with_files(&self, limit: u32) -> Server {
        let script = format!("ulimit -n {limit}; exec {BINARY} serve --listen=127.0.0.1:0");
        Server::start(self.command_of("/bin/sh", &["-c", &script]))
    }

    /// The same in development mode, with a log of the test's own.
    pub fn serve_with_log(&self, log: impl Into<Stdio>) -> Server {
        let mut command = self.command(&["serve", "--listen=127.0.0.1:0"]);
        command.stderr(log);
        Server::start(command)
    }
}

/// A program that ends by itself.
pub struct Running(Child);

impl Running {
    pub fn ends(self) -> Output {
        let id = self.0.id().to_string();
        let (send, ended) = channel();
        thread::spawn(move || send.send(self.0.wait_with_output()));
        let Ok(output) = ended.recv_timeout(TIMEOUT) else {
            let _ = Command::new("kill").args(["-s", "KILL", &id]).status();
            panic!("it does not end")
        };
        let output = output.unwrap();
        Output {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The exit code and output of a process.
#[derive(Debug)]
pub struct Output {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    pub fn succeeds(&self) {
        assert_eq!(self.code, Some(0), "{self:#?}");
    }

    /// Checks that the process failed, and returns the faults that it printed.
    pub fn faults(&self) -> Vec<&str> {
        assert_eq!((self.code, &*self.stdout), (Some(1), ""), "{self:#?}");
        let fault = |line| str::strip_prefix(line, "error: ");
        let faults =
            self.stderr.lines().map(|line| fault(line).unwrap_or_else(|| panic!("{line}")));
        faults.collect()
    }
}

/// A server that runs until it receives a signal or is dropped.
pub struct Server {
    child: Child,
    /// `127.0.0.1:…`
    pub address: String,
    stdout: Lines,
    stderr: Lines,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = Lines::of(child.stdout.take().unwrap());
        let stderr = child.stderr.take().map(Lines::of);
        let is_logged = stderr.is_some();
        let stderr = stderr.unwrap_or_else(|| Lines::of(io::empty()));
        // From here on, a panic ends the child as well.
        let mut server = Self { child, address: String::new(), stdout, stderr };
        let said = if is_logged {
            server.stderr.up_to("listening on ")
        } else {
            server.stdout.up_to("  GraphQL ")
        };
        let (_, rest) = said.split_once("http://").unwrap();
        rest.split('/').next().unwrap().clone_into(&mut server.address);
        server
    }

    /// The standard output, up to a line with that text.
    pub fn greeting(&mut self, end: &str) -> String {
        self.stdout.up_to(end)
    }

    /// Sends the signal of that name, waits for the end, and returns the whole output.
    pub fn stops(mut self, signal: &str) -> Output {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let (stdout, stderr) = (self.stdout.all(), self.stderr.all());
        Output { code: self.child.wait().unwrap().code(), stdout, stderr }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of an output stream, as the process writes them.
struct Lines {
    incoming: Receiver<String>,
    received: String,
}

impl Lines {
    fn of(output: impl Read + Send + 'static) -> Self {
        let (send, incoming) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                // The receiver is gone when the test is over.
                let _ = send.send(line.unwrap());
            }
        });
        Self { incoming, received: String::new() }
    }

    fn keep(&mut self, line: &str) {
        self.received.push_str(line);
        self.received.push('\n');
    }

    /// The output up to a line with that text, which must arrive.
    fn up_to(&mut self, text: &str) -> String {
        loop {
            let Ok(line) = self.incoming.recv_timeout(TIMEOUT) else {
                panic!("no line with {text:?} in {}", self.received)
            };
            self.keep(&line);
            if line.contains(text) {
                return self.received.clone();
            }
        }
    }

    /// The whole output, once the process has ended, which it must.
    fn all(&mut self) -> String {
        loop {
            match self.incoming.recv_timeout(TIMEOUT) {
                Ok(line) => self.keep(&line),
                Err(RecvTimeoutError::Disconnected) => return std::mem::take(&mut self.received),
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {}", self.received),
            }
        }
    }
}

/// The permissions of a file.
pub fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Changes the permissions of a file.
pub fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}
