//! Where everything is in the table.
//!
//! | entity | `PK` | `SK` | read by |
//! |---|---|---|---|
//! | API key, by digest | `KEY#<digest>` | `KEY` | authenticating a request |
//! | API key, by tenant | `TENANT#<tenant>#KEYS` | `<key id>` | listing a tenant's keys, revoking one |
//! | registration | `TENANT#<tenant>#REGISTRATION#<id>` | `REGISTRATION` | polling it, working on it |
//! | agent | `TENANT#<tenant>#AGENT#<name>` | `AGENT` | calling it, moving it on |
//! | agent version | `TENANT#<tenant>#AGENT#<name>` | `VERSION#<number, 10 digits>` | calling it, listing an agent's versions |
//! | agent, listed | `TENANT#<tenant>#AGENTS` | `<name>` | listing a tenant's agents by name |
//! | agent, listed by capability | `TENANT#<tenant>#CAPABILITY#<capability>` | `<name>` | listing the agents that can do something |
//! | idempotent request | `TENANT#<tenant>#IDEMPOTENCY#<key>` | `IDEMPOTENCY` | answering a repeated request as the first time |
//! | (nothing) | `HEALTH` | `HEALTH` | the health check, which expects no item |
//!
//! Whatever a tenant owns has the tenant in its `PK`, so no query can cross from one tenant to
//! another; identifiers have no `#`, so no key can be read in two ways. An API key alone is also
//! found without its tenant, since it is what tells the tenant. Listed agents are full copies,
//! written in the transaction that writes the agent, so that a listing is one query and needs no
//! index. `expires_at` (epoch seconds) is the table's TTL attribute.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use tdev_domain::{
    AgentName, ApiKeyId, Capability, KeyDigest, RegistrationId, TenantId, VersionNumber,
};

pub(super) const PK: &str = "PK";
pub(super) const SK: &str = "SK";
pub(super) const EXPIRES_AT: &str = "expires_at";
/// What every version's `SK` begins with.
pub(super) const VERSION: &str = "VERSION#";

/// An item's primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    pub(super) fn attributes(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            (PK.to_owned(), AttributeValue::S(self.pk.clone())),
            (SK.to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

pub(super) fn health() -> Key {
    Key::new("HEALTH".to_owned(), "HEALTH")
}

pub(super) fn api_key(digest: &KeyDigest) -> Key {
    Key::new(format!("KEY#{digest}"), "KEY")
}

pub(super) fn api_keys(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}#KEYS")
}

pub(super) fn listed_api_key(tenant: &TenantId, id: &ApiKeyId) -> Key {
    Key::new(api_keys(tenant), id.as_str())
}

pub(super) fn registration(tenant: &TenantId, id: &RegistrationId) -> Key {
    Key::new(format!("TENANT#{tenant}#REGISTRATION#{id}"), "REGISTRATION")
}

fn agent_partition(tenant: &TenantId, name: &AgentName) -> String {
    format!("TENANT#{tenant}#AGENT#{name}")
}

pub(super) fn agent(tenant: &TenantId, name: &AgentName) -> Key {
    Key::new(agent_partition(tenant, name), "AGENT")
}

pub(super) fn version(tenant: &TenantId, name: &AgentName, version: VersionNumber) -> Key {
    Key::new(
        agent_partition(tenant, name),
        format!("{VERSION}{:010}", version.get()),
    )
}

pub(super) fn versions(tenant: &TenantId, name: &AgentName) -> String {
    agent_partition(tenant, name)
}

/// The partition of a listing: of all the tenant's agents, or of those with a capability.
pub(super) fn agents(tenant: &TenantId, capability: Option<&Capability>) -> String {
    match capability {
        None => format!("TENANT#{tenant}#AGENTS"),
        Some(capability) => format!("TENANT#{tenant}#CAPABILITY#{capability}"),
    }
}

pub(super) fn listed_agent(
    tenant: &TenantId,
    capability: Option<&Capability>,
    name: &AgentName,
) -> Key {
    Key::new(agents(tenant, capability), name.as_str())
}

pub(super) fn idempotency(tenant: &TenantId, key: &str) -> Key {
    Key::new(format!("TENANT#{tenant}#IDEMPOTENCY#{key}"), "IDEMPOTENCY")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_entity_has_the_key_that_is_documented() {
        let tenant: TenantId = "acme".parse().unwrap();
        let name: AgentName = "word-count".parse().unwrap();
        let capability: Capability = "text.count".parse().unwrap();
        let (key_id, digest) = (ApiKeyId::generate(), KeyDigest::of("secret"));
        let id = RegistrationId::generate();
        let number = VersionNumber::try_from(12).unwrap();
        let expected = [
            (api_key(&digest), format!("KEY#{digest} KEY")),
            (
                listed_api_key(&tenant, &key_id),
                format!("TENANT#acme#KEYS {key_id}"),
            ),
            (
                registration(&tenant, &id),
                format!("TENANT#acme#REGISTRATION#{id} REGISTRATION"),
            ),
            (
                agent(&tenant, &name),
                "TENANT#acme#AGENT#word-count AGENT".to_owned(),
            ),
            (
                version(&tenant, &name, number),
                "TENANT#acme#AGENT#word-count VERSION#0000000012".to_owned(),
            ),
            (
                listed_agent(&tenant, None, &name),
                "TENANT#acme#AGENTS word-count".to_owned(),
            ),
            (
                listed_agent(&tenant, Some(&capability), &name),
                "TENANT#acme#CAPABILITY#text.count word-count".to_owned(),
            ),
            (
                idempotency(&tenant, "a#b"),
                "TENANT#acme#IDEMPOTENCY#a#b IDEMPOTENCY".to_owned(),
            ),
            (health(), "HEALTH HEALTH".to_owned()),
        ];
        let keys: BTreeSet<_> = expected.iter().map(|(_, text)| text).collect();
        assert_eq!(keys.len(), expected.len());
        for (key, text) in &expected {
            assert_eq!(format!("{} {}", key.pk, key.sk), *text);
        }
    }

    #[test]
    fn the_last_version_sorts_last() {
        let (tenant, name) = ("acme".parse().unwrap(), "a".parse().unwrap());
        let key = |n: u32| version(&tenant, &name, n.try_into().unwrap()).sk;
        assert!(key(9) < key(10));
        assert!(key(10) < key(u32::MAX));
    }
}
