//! Messages between functions that travel by queue.

use serde::{Deserialize, Serialize};

use crate::{InvocationId, RegistrationId, TenantId};

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

/// The body of a message on the `step` queue: which invocation may be able to go on.
///
/// Like every message it says nothing that the record does not: a worker that takes it reads the
/// record, and does nothing if there is nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepMessage {
    /// The tenant that owns the invocation.
    pub tenant: TenantId,
    /// The invocation.
    pub invocation: InvocationId,
}
