//! Messages between functions that travel by queue.

use serde::{Deserialize, Serialize};

use crate::{RegistrationId, TenantId};

/// The body of a message on the `register` queue: which registration to work on.
///
/// It carries no data of its own, so that delivering it twice, late or out of order is harmless:
/// the registration item says what is still to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterMessage {
    /// The tenant that owns the registration.
    pub tenant: TenantId,
    /// The registration.
    pub registration: RegistrationId,
}
