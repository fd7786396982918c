//! Rate limits: a token bucket for each user, and for each address that sends requests without a good token.
//!
//! A bucket holds the points of a minute and refills steadily. What a request costs is known from its document
//! before it runs, so that a refusal costs next to nothing. The buckets are in the memory of this process, and
//! bounded.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use chrono::TimeDelta;
use quick_cache::sync::Cache;

use crate::{
    auth::{UserId, Viewer},
    time::{Clock, Timestamp},
};

/// The seconds in which an empty bucket fills.
pub const WINDOW_SECONDS: i64 = 60;
const WINDOW: i64 = WINDOW_SECONDS * NANOS_PER_SECOND;
const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_MILLI: i64 = 1_000_000;
/// The most buckets of users, and of addresses: a few MiB.
const MAX_BUCKETS: usize = 50_000;

/// The points that may be used in a minute; 0: any number.
#[derive(Clone, Copy, Debug, Default)]
pub struct RateSettings {
    /// By a user.
    pub per_user: u32,
    /// By an address, with requests that have no good token.
    pub per_address: u32,
}

/// Who sends a request.
#[derive(Clone, Debug)]
pub struct Client {
    /// Whom the token of the request names, if it has one.
    pub viewer: Option<Viewer>,
    /// Where the request comes from.
    pub address: IpAddr,
}

/// The state of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateStatus {
    /// What the bucket is of: `user` or `address`.
    pub policy: &'static str,
    /// The points that it holds when it is full.
    pub limit: u32,
    /// The points that are left.
    pub remaining: u32,
    /// The seconds until it is full.
    pub resets_in: i64,
    /// When it is full.
    pub reset_at: Timestamp,
}

/// A bucket has fewer points than a request costs.
#[derive(Clone, Copy, Debug)]
pub struct RateLimited {
    /// The points of the full bucket.
    pub limit: u32,
    /// The seconds until there are enough, at least 1.
    pub retry_after: i64,
}

/// The buckets of all clients.
pub struct RateLimiter {
    users: Buckets<UserId>,
    addresses: Buckets<IpAddr>,
    clock: Clock,
}

impl RateLimiter {
    pub fn new(RateSettings { per_user, per_address }: RateSettings, clock: Clock) -> Self {
        Self {
            users: Buckets::new("user", per_user),
            addresses: Buckets::new("address", per_address),
            clock,
        }
    }

    /// Takes points from the bucket of a client, and tells what is left in it; `None` without a limit.
    ///
    /// # Errors
    /// When the bucket has fewer. None is taken then.
    pub fn take(
        &self,
        Client { viewer, address }: &Client,
        points: u32,
    ) -> Result<Option<RateStatus>, RateLimited> {
        let now = self.clock.now();
        match viewer {
            Some(viewer) => self.users.take(viewer.id(), points, now),
            None => self.addresses.take(&network(*address), points, now),
        }
    }

    /// What is left in the bucket of a client; `None` without a limit.
    pub fn status(&self, client: &Client) -> Option<RateStatus> {
        // Nothing can always be taken.
        self.take(client, 0).ok().flatten()
    }
}

struct Buckets<K> {
    policy: &'static str,
    limit: u32,
    /// When each bucket is full, in nanoseconds since 1970: it lacks a point for each interval until then. A
    /// bucket that is not kept is full.
    full_at: Cache<K, Arc<AtomicI64>>,
}

impl<K: Clone + Eq + Hash> Buckets<K> {
    fn new(policy: &'static str, limit: u32) -> Self {
        Self { policy, limit, full_at: Cache::new(MAX_BUCKETS) }
    }

    fn take(&self, key: &K, points: u32, at: Timestamp) -> Result<Option<RateStatus>, RateLimited> {
        if self.limit == 0 {
            return Ok(None);
        }
        let interval = WINDOW / i64::from(self.limit);
        let now = at.millis().saturating_mul(NANOS_PER_MILLI);
        // What costs more than the bucket holds takes all of it.
        let points = i64::from(points.min(self.limit)) * interval;
        let bucket =
            self.full_at.get_or_insert_with(key, || Ok::<_, RateLimited>(Arc::default()))?;
        let full_after = |full_at: i64| full_at.max(now) + points;
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        let taken = bucket.fetch_update(set, get, |full_at| {
            (points == 0 || full_after(full_at) <= now + WINDOW).then(|| full_after(full_at))
        });
        match taken {
            Ok(before) => Ok(Some(self.status(full_after(before) - now, at))),
            Err(before) => {
                let missing = full_after(before) - now - WINDOW;
                Err(RateLimited { limit: self.limit, retry_after: seconds(missing).max(1) })
            }
        }
    }

    /// The state of a bucket that is full after so many nanoseconds.
    fn status(&self, nanos: i64, now: Timestamp) -> RateStatus {
        let interval = WINDOW / i64::from(self.limit);
        let missing = u32::try_from(nanos.div_euclid(interval) + i64::from(nanos % interval > 0));
        RateStatus {
            policy: self.policy,
            limit: self.limit,
            remaining: self.limit.saturating_sub(missing.unwrap_or(u32::MAX)),
            resets_in: seconds(nanos),
            reset_at: now.after(TimeDelta::nanoseconds(nanos)),
        }
    }
}

/// Whole seconds, rounded up.
fn seconds(nanos: i64) -> i64 {
    nanos.div_euclid(NANOS_PER_SECOND) + i64::from(nanos % NANOS_PER_SECOND > 0)
}

/// An address of IPv4 by itself, one of IPv6 by its network of 64 bits: whoever has one address there has all.
fn network(address: IpAddr) -> IpAddr {
    const NETWORK: u128 = !(u64::MAX as u128);
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & NETWORK).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(clock: &Clock) -> RateLimiter {
        RateLimiter::new(RateSettings { per_user: 0, per_address: 60 }, clock.clone())
    }

    fn at(address: &str) -> Client {
        Client { viewer: None, address: address.parse().unwrap() }
    }

    #[test]
    fn a_bucket_is_emptied_and_fills_by_a_point_in_each_interval() {
        let clock = Clock::manual(Timestamp::EPOCH);
        let (limiter, client) = (limiter(&clock), at("192.0.2.1"));
        let status = limiter.take(&client, 50).unwrap().unwrap();
        assert_eq!((status.limit, status.remaining, status.resets_in), (60, 10, 50));
        assert_eq!(limiter.take(&client, 13).unwrap_err().retry_after, 3);
        assert_eq!(limiter.status(&client).unwrap().remaining, 10);
        clock.advance(TimeDelta::seconds(3));
        assert_eq!(limiter.take(&client, 13).unwrap().unwrap().remaining, 0);
        clock.advance(TimeDelta::minutes(2));
        assert_eq!(limiter.status(&client).unwrap().remaining, 60);
    }

    #[test]
    fn what_costs_more_than_a_bucket_holds_takes_all_of_it() {
        let limiter = limiter(&Clock::manual(Timestamp::EPOCH));
        assert_eq!(limiter.take(&at("192.0.2.1"), 1000).unwrap().unwrap().remaining, 0);
        assert_eq!(limiter.take(&at("192.0.2.1"), 1000).unwrap_err().retry_after, 60);
    }

    #[test]
    fn each_network_has_a_bucket_of_its_own() {
        let limiter = limiter(&Clock::manual(Timestamp::EPOCH));
        for (address, remaining) in [
            ("192.0.2.1", 59),
            ("192.0.2.2", 59),
            ("::ffff:192.0.2.1", 58),
            ("2001:db8::1", 59),
            ("2001:db8::2", 58),
            ("2001:db8:0:1::1", 59),
        ] {
            let status = limiter.take(&at(address), 1).unwrap().unwrap();
            assert_eq!(status.remaining, remaining, "{address}");
        }
    }
}
