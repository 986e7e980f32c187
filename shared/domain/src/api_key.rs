//! What the platform keeps of an API key.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ApiKeyId, KeyDigest, TenantId};

/// What the platform keeps of an API key; the key itself is kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// The key's public identifier.
    pub id: ApiKeyId,
    /// The SHA-256 of the key.
    pub digest: KeyDigest,
    /// Whom it speaks for.
    pub tenant: TenantId,
    /// What its holder calls it.
    pub label: String,
    /// When it was issued.
    pub created_at: Timestamp,
}
