//! Replication of the feed: replicas on one PostgreSQL notify each other of users whose data changed.
//!
//! The number of a change is sent by `NOTIFY` after its commit, several changes together when they are
//! frequent: inside the writing transaction, `NOTIFY` would serialize the commits of all writers of the
//! database. Notifications may be lost (a writer dies, a connection breaks), so the counters of subscribed
//! users are polled as well: every second while there is no connection, every ten seconds otherwise.

use std::{collections::BTreeMap, time::Duration};

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Statement,
    sqlx::{self, postgres::PgListener},
};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::store::{
    ChangeSeq, UserNo, entity::user, error::StoreError, sql::dialect::BATCH_SIZE,
    system::SystemStore,
};

/// The channel of PostgreSQL, within one database.
const CHANNEL: &str = "taskward";
/// The bytes of a notification; PostgreSQL allows fewer than 8000.
const MAX_PAYLOAD: usize = 7_900;
/// The pause before a retry.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// The interval at which counters are polled while notifications arrive.
const POLL_INTERVAL: Duration = Duration::from_secs(10);

impl SystemStore {
    /// Whether other processes may write to the database: on PostgreSQL.
    #[must_use]
    pub fn has_replicas(&self) -> bool {
        self.0.pools.shared_url().is_some()
    }

    /// Publishes changes to other replicas, and applies theirs to the subscribers here, for as long as it
    /// is polled; ends at once where there are no other replicas.
    pub async fn run_replication(&self) {
        if let Some(url) = self.0.pools.shared_url() {
            tokio::join!(self.publish_loop(), self.listen_loop(url));
        }
    }

    async fn publish_loop(&self) {
        loop {
            for payload in payloads(&self.0.feed.take_outgoing().await) {
                while let Err(error) = self.notify(&payload).await {
                    tracing::warn!(?error, "other replicas could not be notified; trying again");
                    sleep(RETRY_PAUSE).await;
                }
            }
        }
    }

    async fn notify(&self, payload: &str) -> Result<(), StoreError> {
        let writer = self.writer();
        let values = [CHANNEL.into(), payload.into()];
        let sql = "SELECT pg_notify($1, $2)";
        let notify = Statement::from_sql_and_values(writer.get_database_backend(), sql, values);
        writer.execute_raw(notify).await?;
        Ok(())
    }

    async fn listen_loop(&self, url: &str) {
        loop {
            if let Err(error) = self.listen(url).await {
                tracing::warn!(
                    ?error,
                    "no notifications from other replicas: polling every second"
                );
            }
            if let Err(error) = self.poll_counters().await {
                tracing::warn!(?error, "the counters of subscribed users could not be read");
            }
            sleep(RETRY_PAUSE).await;
        }
    }

    async fn listen(&self, url: &str) -> Result<(), StoreError> {
        let mut listener = PgListener::connect(url).await.map_err(connection_error)?;
        listener.ignore_pool_close_event(true);
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await.map_err(connection_error)?;
        let mut polling = interval(POLL_INTERVAL);
        polling.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                notification = listener.try_recv() => match notification.map_err(connection_error)? {
                    Some(notification) => self.on_notification(notification.payload()),
                    None => return Err(connection_error(sqlx::Error::WorkerCrashed)),
                },
                // The first tick comes at once: notifications may have been missed before.
                _ = polling.tick() => self.poll_counters().await?,
            }
        }
    }

    fn on_notification(&self, payload: &str) {
        for (user, seq) in changes(payload) {
            self.0.feed.apply_remote(user, seq);
        }
    }

    /// Reads the counters of the users who have subscribers here.
    async fn poll_counters(&self) -> Result<(), StoreError> {
        for users in self.0.feed.subscribed_users().chunks(BATCH_SIZE) {
            #[expect(
                clippy::disallowed_methods,
                reason = "a counter shows only that something has changed"
            )]
            let counters = user::Entity::find()
                .filter(user::Column::No.is_in(users.iter().map(|user| user.0)))
                .select_only()
                .columns([user::Column::No, user::Column::Counter])
                .into_tuple::<(i64, ChangeSeq)>();
            for (user, seq) in counters.all(&self.reader()).await? {
                self.0.feed.apply_remote(UserNo(user), seq);
            }
        }
        Ok(())
    }
}

fn connection_error(error: sqlx::Error) -> StoreError {
    StoreError::from(sea_orm::DbErr::Conn(sea_orm::RuntimeErr::SqlxError(error.into())))
}

/// The payloads of as few notifications as possible: `user:change`, separated by spaces.
fn payloads(changes: &BTreeMap<UserNo, ChangeSeq>) -> Vec<String> {
    let mut payloads = vec![String::new()];
    for (user, seq) in changes {
        let entry = format!("{}:{} ", user.0, seq.0);
        match payloads.last_mut() {
            Some(last) if last.len() + entry.len() <= MAX_PAYLOAD => last.push_str(&entry),
            _ => payloads.push(entry),
        }
    }
    payloads
}

/// The changes in a payload; entries of another form are ignored.
fn changes(payload: &str) -> impl Iterator<Item = (UserNo, ChangeSeq)> {
    payload.split_whitespace().filter_map(|entry| {
        let (user, seq) = entry.split_once(':')?;
        Some((UserNo(user.parse().ok()?), ChangeSeq(seq.parse().ok()?)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_changes_arrive_in_notifications_that_postgresql_takes() {
        let sent: BTreeMap<_, _> =
            (1..=2_000).map(|user| (UserNo(user), ChangeSeq(i64::MAX - user))).collect();
        let payloads = payloads(&sent);
        assert!(payloads.iter().all(|payload| payload.len() < 8_000), "{payloads:?}");
        let heard: BTreeMap<_, _> = payloads.iter().flat_map(|payload| changes(payload)).collect();
        assert_eq!(heard, sent);
    }

    #[test]
    fn what_others_say_on_the_channel_is_not_heard() {
        assert_eq!(changes("x 1:2 3: :4 5:6:7 8").collect::<Vec<_>>(), [(UserNo(1), ChangeSeq(2))]);
    }
}
