//! How many connections there are, in all and from each address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::process::{Resource, getrlimit};
use tokio::{sync::Notify, time::timeout};

use super::activity::Activity;
use crate::http::{ConnectionLimits, TrustedProxies};

/// Limits on TCP connections.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// Connections of the whole process.
    pub connections: usize,
    /// Connections from one IPv4 address, or from one IPv6 network of 64 bits, as a customer of a provider has
    /// (RFC 6177); trusted proxies may have any number.
    pub per_address: usize,
    /// How long the head of a request may take to come in.
    pub head_timeout: Duration,
    /// How long a connection may wait for its next request.
    pub idle_timeout: Duration,
    /// How long a client may take to accept any part of what is sent to it.
    pub write_timeout: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: usize::MAX,
            per_address: usize::MAX,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
        }
    }
}

impl ServerLimits {
    /// As many connections as WebSockets, event streams and a large number of requests need, but no more than
    /// the process can open besides its connections to the database. One address may have a quarter of them.
    #[must_use]
    pub fn new(sockets: ConnectionLimits, pool_size: u32) -> Self {
        const REQUESTS: usize = 8192;
        /// Log, listener, runtime, the fetching of key sets.
        const RESERVED: u64 = 64;
        /// SQLite has up to three for each connection.
        const PER_DATABASE_CONNECTION: u64 = 4;
        /// Some have to be served, whatever the limit of the process is.
        const MIN: usize = 16;
        let reserved = RESERVED + PER_DATABASE_CONNECTION * u64::from(pool_size);
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let available = usize::try_from(files.saturating_sub(reserved)).unwrap_or(usize::MAX);
        let needed = sockets.sockets.saturating_add(sockets.unauthenticated() + REQUESTS);
        let connections = needed.min(available).max(MIN);
        Self { connections, per_address: connections / 4, ..Self::default() }
    }
}

/// How soon another connection makes room where one did not, because it has just become a WebSocket.
const RETRY: Duration = Duration::from_millis(100);

/// The places for connections.
#[derive(Debug)]
pub(super) struct Slots {
    limits: ServerLimits,
    trusted_proxies: TrustedProxies,
    taken: Mutex<Taken>,
    freed: Notify,
}

/// Why there is no place for a connection.
#[derive(Debug, PartialEq, Eq)]
enum Full {
    /// Another connection is about to be closed.
    MakesRoom,
    /// All connections are busy.
    IsBusy,
}

#[derive(Debug, Default)]
struct Taken {
    count: usize,
    next_id: u64,
    by_network: HashMap<IpAddr, HashMap<u64, Arc<Activity>>>,
}

impl Slots {
    pub(super) fn new(limits: ServerLimits, trusted_proxies: TrustedProxies) -> Arc<Self> {
        Arc::new(Self { limits, trusted_proxies, taken: Mutex::default(), freed: Notify::new() })
    }

    /// A place for a connection of that client. Where there are too many, from its network or in all, the one of
    /// them that has waited for its client the longest makes room; `None` if all are busy. There are never more
    /// than there may be, as each is an open file.
    pub(super) async fn take(self: &Arc<Self>, peer: IpAddr) -> Option<Slot> {
        loop {
            match self.try_take(peer) {
                Ok(slot) => return Some(slot),
                Err(Full::MakesRoom) => drop(timeout(RETRY, self.freed.notified()).await),
                Err(Full::IsBusy) => {
                    tracing::debug!(%peer, "all connections are busy: another one is closed");
                    return None;
                }
            }
        }
    }

    fn try_take(self: &Arc<Self>, peer: IpAddr) -> Result<Slot, Full> {
        let network = network(peer);
        let is_proxy =
            self.trusted_proxies.iter().any(|proxy| proxy.contains(&peer.to_canonical()));
        let mut taken = self.taken();
        match taken.by_network.get(&network) {
            Some(of_network) if !is_proxy && of_network.len() >= self.limits.per_address => {
                return Err(make_room(of_network.values()));
            }
            _ if taken.count >= self.limits.connections => {
                return Err(make_room(taken.by_network.values().flat_map(HashMap::values)));
            }
            _ => {}
        }
        let (id, activity) = (taken.next_id, Activity::new());
        taken.next_id += 1;
        taken.count += 1;
        taken.by_network.entry(network).or_default().insert(id, Arc::clone(&activity));
        Ok(Slot { slots: Arc::clone(self), network, id, activity })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the connection that has waited the longest, unless one is being closed already.
fn make_room<'a>(mut connections: impl Iterator<Item = &'a Arc<Activity>> + Clone) -> Full {
    let waiting = connections.clone().filter_map(|one| Some((one.waits_since()?, one)));
    let is_made = connections.any(|one| one.is_displaced())
        || waiting.min_by_key(|(since, _)| *since).is_some_and(|(_, longest)| longest.displace());
    if is_made { Full::MakesRoom } else { Full::IsBusy }
}

/// What counts as one client.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            const PREFIX: u128 = !(u64::MAX as u128);
            Ipv6Addr::from_bits(address.to_bits() & PREFIX).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// The place of a connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    network: IpAddr,
    id: u64,
    activity: Arc<Activity>,
}

impl Slot {
    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        taken.count -= 1;
        if let Some(of_network) = taken.by_network.get_mut(&self.network) {
            of_network.remove(&self.id);
            if of_network.is_empty() {
                taken.by_network.remove(&self.network);
            }
        }
        self.slots.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::{super::activity::Busy, *};

    fn slots(connections: usize, per_address: usize) -> Arc<Slots> {
        let limits = ServerLimits { connections, per_address, ..ServerLimits::default() };
        Slots::new(limits, vec!["10.0.0.0/8".parse().unwrap()])
    }

    fn take(slots: &Arc<Slots>, peer: &str) -> Result<Slot, Full> {
        slots.try_take(peer.parse().unwrap())
    }

    fn is_displaced(slot: &Slot) -> bool {
        slot.activity().is_displaced()
    }

    #[test]
    fn a_network_has_its_share_however_many_addresses_are_in_it() {
        for (first, second, other) in [
            ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
            ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::1"),
        ] {
            let slots = slots(100, 2);
            let [one, two] = [first, second].map(|peer| take(&slots, peer).unwrap());
            let _elsewhere = take(&slots, other).unwrap();
            assert!(!is_displaced(&one));
            for _ in 0..3 {
                assert_eq!(take(&slots, second).unwrap_err(), Full::MakesRoom, "{second}");
            }
            assert!(is_displaced(&one) && !is_displaced(&two), "one is enough");
            drop(one);
            take(&slots, second).unwrap();
        }
    }

    #[test]
    fn a_trusted_proxy_has_no_share_but_the_whole() {
        let slots = slots(4, 1);
        let all: Vec<_> = (0..4).map(|_| take(&slots, "10.1.2.3").unwrap()).collect();
        assert!(!all.iter().any(is_displaced));
        assert_eq!(take(&slots, "192.0.2.1").unwrap_err(), Full::MakesRoom);
        assert!(is_displaced(&all[0]));
    }

    #[test]
    fn what_is_busy_keeps_its_place_and_what_ends_leaves_it() {
        let slots = slots(2, 2);
        let [one, two] = ["192.0.2.1", "192.0.2.2"].map(|peer| take(&slots, peer).unwrap());
        let _busy = [&one, &two].map(|slot| Busy::of(slot.activity()));
        assert_eq!(take(&slots, "192.0.2.3").unwrap_err(), Full::IsBusy);
        drop(one);
        drop(take(&slots, "192.0.2.3").unwrap());
        drop(two);
        assert!(slots.taken().by_network.is_empty(), "nothing is left of whoever is gone");
    }

    #[test]
    fn what_makes_room_stays_so_when_a_request_comes_in_after_all() {
        let slots = slots(1, 1);
        let one = take(&slots, "192.0.2.1").unwrap();
        assert_eq!(take(&slots, "192.0.2.2").unwrap_err(), Full::MakesRoom);
        drop(Busy::of(one.activity()));
        assert!(is_displaced(&one));
    }
}
