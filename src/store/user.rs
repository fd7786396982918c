//! The user's own row: what they have chosen for themselves.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

use super::{
    OwnedStore,
    entity::user,
    error::StoreError,
    write::transaction::{Committed, find_user},
};
use crate::time::Zone;

impl OwnedStore {
    /// The zone in which the viewer reads days; UTC before they first wrote something.
    ///
    /// The database is asked only once for each door that is opened, and not at all behind one
    /// through which something was written.
    pub async fn zone(&self) -> Result<Zone, StoreError> {
        let mut known = self.zone.lock().await;
        if let Some(zone) = *known {
            return Ok(zone);
        }
        let user = find_user(&self.reader(), self.user_id.as_str()).await?;
        let zone = user.map_or(Zone::UTC, |user| user.zone());
        *known = Some(zone);
        Ok(zone)
    }

    /// Forgets the zone that was read, since another request may have changed it meanwhile, and starts the
    /// budget anew.
    pub async fn renew(&self) {
        self.budget.renew();
        *self.zone.lock().await = None;
    }

    /// Changes the viewer's own row; what is `None` stays. Days that are stored stay too.
    pub async fn viewer_update(&self, zone: Option<Zone>) -> Result<Committed<()>, StoreError> {
        let write = self.write().await?;
        if let Some(zone) = zone {
            #[expect(clippy::disallowed_methods, reason = "the owner is the row itself")]
            user::Entity::update_many()
                .col_expr(user::Column::TimeZone, Expr::value(zone.name()))
                .filter(user::Column::No.eq(write.user.0))
                .exec(&write.transaction)
                .await?;
        }
        let done = write.commit(()).await?;
        if zone.is_some() {
            *self.zone.lock().await = zone;
        }
        Ok(done)
    }
}
