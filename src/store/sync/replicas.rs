//! How replicas on one PostgreSQL tell each other whose data moved.
//!
//! After a change was committed its number goes out by `NOTIFY`, of many changes at once where they
//! come fast: within the writing transaction it would make all writers of the database wait for one
//! another at their commits. What gets lost on the way (a writer that dies, a connection that breaks)
//! is made up for by asking for the counters of those whom somebody follows here: each second while
//! nothing can be heard, and now and then besides.

use std::{collections::BTreeMap, time::Duration};

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Statement,
    sqlx::{self, postgres::PgListener},
};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::store::{
    entity::user, error::StoreError, system::SystemStore, write::transaction::AT_ONCE,
};

/// The channel of PostgreSQL, within one database.
const CHANNEL: &str = "taskward";
/// How many bytes a notification may hold, which PostgreSQL limits to less than 8000.
const PAYLOAD: usize = 7_900;
/// How long to wait before what has failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the counters are asked for while notifications arrive.
const BESIDES: Duration = Duration::from_secs(10);

impl SystemStore {
    /// Tells other replicas what was changed here, and followers here what was changed there, for as
    /// long as it is polled. On SQLite there are no others, and nothing is done.
    pub async fn run_replication(&self) {
        if let Some(url) = self.0.pools.shared_url() {
            tokio::join!(self.publish_loop(), self.listen_loop(url));
        }
    }

    async fn publish_loop(&self) {
        loop {
            for payload in payloads(&self.0.feed.take_outgoing().await) {
                while let Err(error) = self.notify(&payload).await {
                    tracing::warn!(?error, "other replicas could not be told of changes");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn notify(&self, payload: &str) -> Result<(), StoreError> {
        let writer = &self.0.pools.writer;
        let values = [CHANNEL.into(), payload.into()];
        let sql = "SELECT pg_notify($1, $2)";
        let notify = Statement::from_sql_and_values(writer.get_database_backend(), sql, values);
        writer.execute_raw(notify).await?;
        Ok(())
    }

    async fn listen_loop(&self, url: &str) {
        loop {
            if let Err(error) = self.listen(url).await {
                tracing::warn!(?error, "nothing is heard of other replicas: asking each second");
            }
            if let Err(error) = self.poll_counters().await {
                tracing::warn!(?error, "the counters of those who are followed cannot be read");
            }
            sleep(PAUSE).await;
        }
    }

    async fn listen(&self, url: &str) -> Result<(), StoreError> {
        let mut listener = PgListener::connect(url).await.map_err(connection_error)?;
        listener.ignore_pool_close_event(true);
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await.map_err(connection_error)?;
        let mut besides = interval(BESIDES);
        besides.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                heard = listener.try_recv() => match heard.map_err(connection_error)? {
                    Some(heard) => self.on_notification(heard.payload()),
                    None => return Err(connection_error(sqlx::Error::WorkerCrashed)),
                },
                // At once for the first time, since much may have been said before.
                _ = besides.tick() => self.poll_counters().await?,
            }
        }
    }

    fn on_notification(&self, payload: &str) {
        for (user, number) in numbers(payload) {
            self.0.feed.apply_remote(user, number);
        }
    }

    /// Asks how far the counters are of those whom somebody follows here.
    async fn poll_counters(&self) -> Result<(), StoreError> {
        for users in self.0.feed.subscribed_users().chunks(AT_ONCE) {
            #[expect(
                clippy::disallowed_methods,
                reason = "it tells nothing but that somebody has changed something"
            )]
            let counters = user::Entity::find()
                .filter(user::Column::No.is_in(users.iter().copied()))
                .select_only()
                .columns([user::Column::No, user::Column::Counter])
                .into_tuple::<(i64, i64)>();
            for (user, number) in counters.all(&self.0.pools.reader).await? {
                self.0.feed.apply_remote(user, number);
            }
        }
        Ok(())
    }
}

fn connection_error(error: sqlx::Error) -> StoreError {
    StoreError::from(sea_orm::DbErr::Conn(sea_orm::RuntimeErr::SqlxError(error.into())))
}

/// The numbers in notifications, as few as hold them: `user:number`, with blanks between.
fn payloads(numbers: &BTreeMap<i64, i64>) -> Vec<String> {
    let mut payloads = vec![String::new()];
    for (user, number) in numbers {
        let entry = format!("{user}:{number} ");
        match payloads.last_mut() {
            Some(last) if last.len() + entry.len() <= PAYLOAD => last.push_str(&entry),
            _ => payloads.push(entry),
        }
    }
    payloads
}

/// The numbers in a notification; what reads otherwise is not ours.
fn numbers(payload: &str) -> impl Iterator<Item = (i64, i64)> {
    payload.split_whitespace().filter_map(|entry| {
        let (user, number) = entry.split_once(':')?;
        Some((user.parse().ok()?, number.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_numbers_arrive_in_notifications_that_postgresql_takes() {
        let sent: BTreeMap<i64, i64> = (1..=2_000).map(|user| (user, i64::MAX - user)).collect();
        let payloads = payloads(&sent);
        assert!(payloads.iter().all(|payload| payload.len() < 8_000), "{payloads:?}");
        let heard: BTreeMap<_, _> = payloads.iter().flat_map(|payload| numbers(payload)).collect();
        assert_eq!(heard, sent);
    }

    #[test]
    fn what_others_say_on_the_channel_is_not_heard() {
        assert_eq!(numbers("x 1:2 3: :4 5:6:7 8").collect::<Vec<_>>(), [(1, 2)]);
    }
}
