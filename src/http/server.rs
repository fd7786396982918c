//! The TCP server: it accepts connections, limits how many there are, and closes those that do nothing.
//!
//! ```text
//!                        the first byte of a request        its head is complete
//!  accepted ──► Head ◄───────────────── Idle      Head ──────────────────────► Busy
//!                │                       │ ▲                                    │
//!           head_timeout           idle_timeout └──────── its response has ended ┘
//!                └────────► closed ◄─────┘
//! ```
//!
//! Where a new connection finds no room, the one that has done nothing for the longest time is closed for it.
//! WebSockets and event streams are busy; they have limits of their own
//! ([`connection_limits`](super::connection_limits)).

mod activity;
mod slots;
mod stream;

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{
    Request,
    body::{Body as HttpBody, Bytes, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::watch,
    time::{Sleep, sleep},
};

pub use self::slots::ServerLimits;
use self::{
    activity::{Activity, Busy},
    slots::{Slot, Slots},
    stream::ClientStream,
};
use super::TrustedProxies;

/// The largest head of a request, in bytes, and how much of a body is read ahead.
const MAX_BUFFER: usize = 64 * 1024;
/// How long to wait when no connection can be accepted, for example because too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Serves until `stop` resolves, and then until the requests that run are answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServerLimits,
    trusted_proxies: TrustedProxies,
    stop: impl Future<Output = ()>,
) {
    let slots = Slots::new(limits, trusted_proxies);
    let router = TowerToHyperService::new(router);
    // Each connection has a receiver until it ends.
    let stopping = watch::Sender::new(());
    let mut stop = pin!(stop);
    loop {
        let (tcp, peer, slot) = select! {
            biased;
            () = &mut stop => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        tokio::spawn(connection(tcp, peer, slot, limits, router.clone(), stopping.subscribe()));
    }
    drop(listener);
    stopping.send_replace(());
    stopping.closed().await;
}

/// The next connection, and its place; one for which there is none is closed.
async fn accept(listener: &TcpListener, slots: &Arc<Slots>) -> (TcpStream, SocketAddr, Slot) {
    loop {
        match listener.accept().await {
            Ok((tcp, peer)) => {
                if let Some(slot) = slots.take(peer.ip()).await {
                    return (tcp, peer, slot);
                }
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted: trying again");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether the client has closed the connection before it was accepted.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves a connection until it ends, or becomes a WebSocket.
async fn connection(
    tcp: TcpStream,
    peer: SocketAddr,
    slot: Slot,
    limits: ServerLimits,
    router: TowerToHyperService<Router>,
    mut stopping: watch::Receiver<()>,
) {
    // Live updates are small messages, which must not wait for each other.
    let _ = tcp.set_nodelay(true);
    let activity = Arc::clone(slot.activity());
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let busy = Busy::of(&activity);
        let response = router.call(request.map(Body::new));
        async {
            Ok::<_, Infallible>(response.await?.map(|body| ResponseBody { body, _busy: busy }))
        }
    });
    let stream = TokioIo::new(ClientStream::new(tcp, slot, limits.write_timeout));
    let mut http = http1::Builder::new();
    let http = http.max_buf_size(MAX_BUFFER).serve_connection(stream, service).with_upgrades();
    let mut http = pin!(http);
    let until_end = async {
        select! {
            biased;
            _ = &mut http => return,
            _ = stopping.changed() => http.as_mut().graceful_shutdown(),
        }
        // How it ends is the client's affair.
        let _ = http.await;
    };
    drive(until_end, &activity, &limits).await;
    // What has become a WebSocket makes room for nothing.
    activity.upgraded();
}

/// Drives a connection until it ends, has done nothing for too long, or has to make room for another.
async fn drive(connection: impl Future, activity: &Activity, limits: &ServerLimits) {
    let mut connection = pin!(connection);
    let mut timer = pin!(sleep(limits.head_timeout));
    poll_fn(|context| {
        activity.register(context.waker());
        if connection.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        poll_timeout(timer.as_mut(), activity, limits, context)
    })
    .await;
}

/// Resolves when the connection has done nothing for too long. The timer is set anew when it fires, not for
/// each request; only a shorter timeout sets it at once.
fn poll_timeout(
    mut timer: Pin<&mut Sleep>,
    activity: &Activity,
    limits: &ServerLimits,
    context: &mut Context<'_>,
) -> Poll<()> {
    let Some(deadline) = activity.deadline(limits) else { return Poll::Pending };
    if deadline < timer.deadline() {
        timer.as_mut().reset(deadline);
    }
    ready!(timer.as_mut().poll(context));
    if timer.deadline() < deadline {
        timer.as_mut().reset(deadline);
        return timer.poll(context);
    }
    Poll::Ready(())
}

/// The body of a response: until it has ended, the connection is busy.
struct ResponseBody {
    body: Body,
    _busy: Busy,
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::Instant;

    use super::*;

    const HEAD: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(75);

    fn limits() -> ServerLimits {
        ServerLimits { head_timeout: HEAD, idle_timeout: IDLE, ..ServerLimits::default() }
    }

    /// How long a connection lasts on which that happens.
    async fn lifetime(happens: impl AsyncFnOnce(&Arc<Activity>)) -> Duration {
        let (start, activity) = (Instant::now(), Activity::new());
        let connection = async {
            happens(&activity).await;
            pending::<()>().await;
        };
        drive(connection, &activity, &limits()).await;
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_to_come_in_soon() {
        assert_eq!(lifetime(async |_| ()).await, HEAD, "it is silent from the beginning");
        let slowly = async |activity: &Arc<Activity>| {
            for _ in 0..20 {
                sleep(HEAD / 20).await;
                activity.received();
            }
        };
        assert_eq!(lifetime(slowly).await, HEAD, "its first head never ends");
        let second = async |activity: &Arc<Activity>| {
            drop(Busy::of(activity));
            sleep(IDLE / 2).await;
            slowly(activity).await;
        };
        let began = IDLE / 2 + HEAD / 20;
        assert_eq!(lifetime(second).await, began + HEAD, "its second head never ends");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_may_wait_for_its_next_request() {
        let one_request = async |activity: &Arc<Activity>| {
            sleep(HEAD / 2).await;
            drop(Busy::of(activity));
        };
        assert_eq!(lifetime(one_request).await, HEAD / 2 + IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_busy_is_not_closed() {
        let long = 10 * (HEAD + IDLE);
        let one_request = async |activity: &Arc<Activity>| {
            let busy = Busy::of(activity);
            sleep(long).await;
            assert!(!activity.displace());
            drop(busy);
        };
        assert_eq!(lifetime(one_request).await, long + IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn what_makes_room_is_closed_at_once() {
        let (start, activity, limits) = (Instant::now(), Activity::new(), limits());
        let displaced = async {
            sleep(HEAD / 2).await;
            assert!(activity.displace());
            assert!(!activity.displace(), "it can do so only once");
            pending::<()>().await;
        };
        select! {
            () = drive(pending::<()>(), &activity, &limits) => {}
            () = displaced => {}
        }
        assert_eq!(start.elapsed(), HEAD / 2);
    }
}
