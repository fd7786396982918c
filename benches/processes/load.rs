//! The client: some connections on one thread, each of which sends its next request when it has read
//! the response to the previous one.

use std::{
    io,
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use memchr::memmem;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime, time,
};

const CONNECTIONS: usize = 16;
/// How long a response may take.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Requests that are sent one after the other, again and again.
pub struct Requests {
    all: Vec<Vec<u8>>,
    /// How many were sent: the next run goes on from there.
    sent: AtomicUsize,
    /// What each answer has in it.
    expected: &'static str,
}

impl Requests {
    pub fn new(all: Vec<Vec<u8>>, expected: &'static str) -> Self {
        Self { all, sent: AtomicUsize::new(0), expected }
    }

    fn next(&self) -> &[u8] {
        &self.all[self.sent.fetch_add(1, Ordering::Relaxed) % self.all.len()]
    }

    /// Whether it is the answer that is expected: an object, without errors.
    fn is_answered_by(&self, (status, body): (u16, &[u8])) -> bool {
        let has = |text: &str| memmem::find(body, text.as_bytes()).is_some();
        status == 200 && has(self.expected) && !has("\"errors\"")
    }
}

/// A request in the form of HTTP/1.1.
pub fn request(token: &str, document: &str, variables: &Value) -> Vec<u8> {
    let body = json!({ "query": document, "variables": variables }).to_string();
    format!(
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Accept: application/graphql-response+json\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// What came back.
#[derive(Default)]
pub struct Run {
    /// How long each request took that was answered.
    pub times: Vec<Duration>,
    pub elapsed: Duration,
    pub errors: usize,
    /// One of the answers that were none.
    pub fault: Option<String>,
}

/// Asks for so long. It has its thread to itself.
pub fn ask(address: SocketAddr, requests: &Requests, time: Duration) -> Run {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let start = Instant::now();
        let asking = (0..CONNECTIONS).map(|_| ask_until(address, requests, start + time));
        let mut all = Run::default();
        for run in join_all(asking).await {
            all.times.extend(run.times);
            all.errors += run.errors;
            all.fault = all.fault.or(run.fault);
        }
        all.elapsed = start.elapsed();
        all
    })
}

async fn ask_until(address: SocketAddr, requests: &Requests, end: Instant) -> Run {
    let mut run = Run::default();
    let mut connection = None;
    while Instant::now() < end {
        let start = Instant::now();
        let asked =
            time::timeout(RESPONSE_TIMEOUT, ask_once(address, &mut connection, requests)).await;
        let fault = match asked {
            Ok(Ok(None)) => {
                run.times.push(start.elapsed());
                continue;
            }
            Ok(Ok(Some(answer))) => answer,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        run.errors += 1;
        run.fault = Some(fault);
        connection = None;
    }
    run
}

/// Sends the next request, and gives back the answer if it is not the one that is expected.
async fn ask_once(
    address: SocketAddr,
    connection: &mut Option<Connection>,
    requests: &Requests,
) -> io::Result<Option<String>> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(Connection::open(address).await?),
    };
    let answer = connection.ask(requests.next()).await?;
    let is_good = requests.is_answered_by(answer);
    Ok((!is_good).then(|| format!("{} {}", answer.0, String::from_utf8_lossy(answer.1))))
}

/// Asks every millisecond, until the answer is the one that is expected.
pub async fn first_answer(address: SocketAddr, requests: &Requests) {
    const PAUSE: Duration = Duration::from_millis(1);
    while !answers(address, requests).await {
        time::sleep(PAUSE).await;
    }
}

/// Whether the answer to the next request is the one that is expected.
pub async fn answers(address: SocketAddr, requests: &Requests) -> bool {
    matches!(ask_once(address, &mut None, requests).await, Ok(None))
}

pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(1 << 16) })
    }

    /// The status and the body of the answer.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.received.clear();
        let body = loop {
            self.receive().await?;
            if let Some(end) = memmem::find(&self.received, b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = str::from_utf8(&self.received[..body]).map_err(io::Error::other)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let (Some(status), Some(length)) = (status, content_length(head)) else {
            return Err(io::Error::other(head.to_owned()));
        };
        while self.received.len() < body + length {
            self.receive().await?;
        }
        Ok((status, &self.received[body..]))
    }

    async fn receive(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn content_length(head: &str) -> Option<usize> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}
