//! Registrations on their way.

use tdev_domain::{Registration, RegistrationId, StateName, TenantId};

use super::{Condition, Put, Table, item, keys};
use crate::Result;

/// How long a registration waits for its message before it is given up, in seconds.
const ACCEPTED_FOR: i64 = 24 * 60 * 60;

impl Table {
    /// Writes the next revision of a registration: the first if there is none yet, another if the
    /// one before it is what is stored.
    ///
    /// An accepted registration that never gets any further, because the message that was to
    /// start it was never sent, is deleted a day later.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) if another revision is stored.
    pub async fn put_registration(&self, registration: &Registration) -> Result<()> {
        const OPERATION: &str = "store a registration";
        let item = encode(OPERATION, registration)?;
        match self
            .put_if(OPERATION, &item, condition(registration))
            .await?
        {
            Put::Written => Ok(()),
            Put::Refused { error, .. } => Err(error),
        }
    }

    /// The registration with this id, if the tenant has one.
    pub async fn registration(
        &self,
        tenant: &TenantId,
        id: &RegistrationId,
    ) -> Result<Option<Registration>> {
        self.entity("read a registration", &keys::registration(tenant, id))
            .await
    }
}

pub(super) fn encode(operation: &'static str, registration: &Registration) -> Result<item::Item> {
    let key = keys::registration(&registration.tenant, &registration.id);
    let expires_at = (registration.state.name() == StateName::Accepted)
        .then(|| registration.created_at.as_second() + ACCEPTED_FOR);
    item::encode(operation, &key, registration, expires_at)
}

/// What must be stored for `registration` to be written.
pub(super) fn condition(registration: &Registration) -> Condition {
    registration
        .revision
        .checked_sub(1)
        .map_or_else(Condition::absent, Condition::revision)
}
