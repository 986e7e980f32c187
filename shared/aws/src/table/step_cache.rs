//! What agents gave for an input, to be used again by steps that allow it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_domain::{AgentName, ArtifactDigest, TenantId, VersionNumber};

use super::Table;
use super::body::{self, BODY, Owner};
use super::item::{self, Item};
use super::keys::{self, EXPIRES_AT};
use super::packed::Sample;
use crate::{Error, Objects, Result};

const READ: &str = "read the cache of steps";
const WRITE: &str = "write to the cache of steps";

/// The parts of an entry that may be large.
const LARGE: [&str; 1] = ["/output"];

#[derive(Serialize, Deserialize)]
struct Entry {
    output: Value,
}

impl Table {
    /// What the agent's version gave for `input`, if that is kept still.
    pub async fn cached(
        &self,
        objects: &Objects,
        tenant: &TenantId,
        agent: (&AgentName, VersionNumber),
        input: &Value,
        now: Timestamp,
    ) -> Result<Option<Value>> {
        let key = keys::cached_step(tenant, &digest(agent, input));
        let Some(item) = self.item(READ, &key).await? else {
            return Ok(None);
        };
        // Deletion may be days late.
        if item::expires_at(&item).is_none_or(|at| at <= now.as_second()) {
            return Ok(None);
        }
        match body::decode::<Entry>(READ, objects, owner(tenant), &item).await {
            Ok(entry) => Ok(Some(entry.output)),
            // A value that is gone is as good as expired.
            Err(Error::Corrupt { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps what the agent's version gave for `input` until `expires_at` (to the second), in
    /// place of what was kept.
    pub async fn keep_cached(
        &self,
        objects: &Objects,
        tenant: &TenantId,
        agent: (&AgentName, VersionNumber),
        input: &Value,
        output: &Value,
        expires_at: Timestamp,
    ) -> Result<()> {
        let entry = Entry {
            output: output.clone(),
        };
        let body = body::encode(WRITE, objects, owner(tenant), &entry, &LARGE).await?;
        let mut item: Item = keys::cached_step(tenant, &digest(agent, input)).attributes();
        item.insert(BODY.to_owned(), body);
        let seconds = item::number(expires_at.as_second());
        item.insert(EXPIRES_AT.to_owned(), seconds);
        self.client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item::checked(WRITE, item)?))
            .send()
            .await
            .map_err(|e| Error::from_sdk(WRITE, e))?;
        Ok(())
    }
}

fn owner(tenant: &TenantId) -> Owner<'_> {
    Owner {
        tenant,
        name: &"step-cache",
        sample: Sample::Runs,
    }
}

/// The same for inputs that differ but in the order of their fields.
fn digest((agent, version): (&AgentName, VersionNumber), input: &Value) -> ArtifactDigest {
    let mut canonical = input.clone();
    canonical.sort_all_objects();
    ArtifactDigest::of(format!("{agent}/{version}/{canonical}").as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_cached_apart_and_the_order_of_fields_does_not_count() {
        let agents: [AgentName; 2] = ["a", "b"].map(|name| name.parse().unwrap());
        let versions = [1, 2].map(|number| VersionNumber::try_from(number).unwrap());
        let inputs = [
            json!({"x": 1, "y": [1, {"a": 1, "b": 2}]}),
            json!({"x": "1"}),
            json!(null),
        ];
        let mut digests = BTreeSet::new();
        for agent in &agents {
            for version in versions {
                for input in &inputs {
                    digests.insert(digest((agent, version), input));
                }
            }
        }
        assert_eq!(digests.len(), 2 * 2 * 3);
        let reordered = json!({"y": [1, {"b": 2, "a": 1}], "x": 1});
        let agent = (&agents[0], versions[0]);
        assert_eq!(digest(agent, &reordered), digest(agent, &inputs[0]));
    }
}
