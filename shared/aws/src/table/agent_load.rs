//! How busy a tenant's agents are, and how well they do.
//!
//! The runs that an agent has under way are one attribute of bytes, [`Flight::BYTES`] for each: an
//! agent that has less than about forty is written for one unit, and one more for every 64.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tdev_domain::breaker::Breaker;
use tdev_domain::{AgentLoad, AgentName, Flight, Missing, PutOff, TenantId};

use super::item::{self, Item};
use super::page::Listing;
use super::{Condition, Put, Table, keys};
use crate::{Error, Result};

const READ: &str = "read an agent's load";

/// How many loads are read at a time.
const PAGE: u32 = 1_000;

const IN_FLIGHT: &str = "in_flight";

/// A load as it is stored, but for its runs.
#[derive(Serialize, Deserialize)]
struct Row {
    tenant: TenantId,
    agent: AgentName,
    succeeded: u32,
    failed: u32,
    mean_run_ms: f64,
    breaker: Breaker,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missing: Option<Missing>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    waiting: BTreeSet<PutOff>,
    revision: u64,
    updated_at: Timestamp,
}

impl Table {
    /// The load of an agent; that of an idle one if it was never given a task.
    pub async fn agent_load(&self, tenant: &TenantId, agent: &AgentName) -> Result<AgentLoad> {
        let item = self.item(READ, &keys::agent_load(tenant, agent)).await?;
        decoded(tenant, agent, item)
    }

    /// The load of an agent as it is, or was a moment ago.
    pub async fn glance_at_agent_load(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
    ) -> Result<AgentLoad> {
        let item = self.glance(READ, &keys::agent_load(tenant, agent)).await?;
        decoded(tenant, agent, item)
    }

    /// The loads of all agents of a tenant that were ever given a task, by name.
    pub async fn agent_loads(&self, tenant: &TenantId) -> Result<Vec<AgentLoad>> {
        const OPERATION: &str = "read the agents' loads";
        let mut loads: Vec<AgentLoad> = Vec::new();
        loop {
            let listing = Listing {
                operation: OPERATION,
                partition: keys::agent_loads(tenant),
                prefix: None,
                descending: false,
                after: loads.last().map(|last| last.agent.to_string()),
                limit: PAGE,
            };
            let (items, more) = self.query(listing, PAGE as usize).await?;
            let more = more && !items.is_empty();
            for item in items {
                loads.push(decode(OPERATION, item)?);
            }
            if !more {
                return Ok(loads);
            }
        }
    }

    /// Writes the next revision of a load.
    ///
    /// # Errors
    /// [`Error::Conflict`] if it has changed since it was read; nothing was written.
    pub async fn put_agent_load(&self, load: &AgentLoad) -> Result<()> {
        const OPERATION: &str = "write an agent's load";
        let condition = match load.revision.checked_sub(1) {
            None | Some(0) => Condition::absent(),
            Some(found) => Condition::revision(found),
        };
        let item = encode(OPERATION, load)?;
        match self.put_if(OPERATION, &item, condition).await? {
            Put::Written => Ok(()),
            Put::Refused { error, .. } => Err(error),
        }
    }
}

fn encode(operation: &'static str, load: &AgentLoad) -> Result<Item> {
    let row = Row {
        tenant: load.tenant.clone(),
        agent: load.agent.clone(),
        succeeded: load.succeeded,
        failed: load.failed,
        mean_run_ms: load.mean_run_ms,
        breaker: load.breaker,
        missing: load.missing.clone(),
        waiting: load.waiting.clone(),
        revision: load.revision,
        updated_at: load.updated_at,
    };
    let key = keys::agent_load(&load.tenant, &load.agent);
    let mut item = item::encode(operation, &key, &row, None)?;
    let runs: Vec<u8> = load
        .in_flight
        .iter()
        .flat_map(Flight::bytes)
        .copied()
        .collect();
    if !runs.is_empty() {
        item.insert(IN_FLIGHT.to_owned(), AttributeValue::B(Blob::new(runs)));
    }
    item::checked(operation, item)
}

fn decoded(tenant: &TenantId, agent: &AgentName, item: Option<Item>) -> Result<AgentLoad> {
    let load = item.map(|item| decode(READ, item)).transpose()?;
    Ok(load.unwrap_or_else(|| AgentLoad::idle(tenant.clone(), agent.clone())))
}

fn decode(operation: &'static str, mut item: Item) -> Result<AgentLoad> {
    let runs = match item.remove(IN_FLIGHT) {
        None => Vec::new(),
        Some(AttributeValue::B(runs)) => runs.into_inner(),
        Some(_) => return Err(Error::corrupt(operation, "in_flight is not bytes")),
    };
    let (runs, []) = runs.as_chunks::<{ Flight::BYTES }>() else {
        return Err(Error::corrupt(operation, "in_flight has part of a run"));
    };
    let row: Row = item::decode(operation, item)?;
    Ok(AgentLoad {
        tenant: row.tenant,
        agent: row.agent,
        in_flight: runs.iter().copied().map(Flight::from).collect(),
        succeeded: row.succeeded,
        failed: row.failed,
        mean_run_ms: row.mean_run_ms,
        breaker: row.breaker,
        missing: row.missing,
        waiting: row.waiting,
        revision: row.revision,
        updated_at: row.updated_at,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tdev_domain::breaker::BreakerPolicy;
    use tdev_domain::{InvocationId, TaskId};

    use super::*;

    fn busy(runs: usize) -> AgentLoad {
        let idle = AgentLoad::idle("acme".parse().unwrap(), "weather".parse().unwrap());
        let (policy, now) = (BreakerPolicy::default(), Timestamp::UNIX_EPOCH);
        (0..runs).fold(idle, |load, _| {
            load.started(&InvocationId::generate(), &policy, now)
        })
    }

    #[test]
    fn a_load_comes_back_as_it_was() {
        let run = InvocationId::generate();
        let (policy, now) = (BreakerPolicy::default(), Timestamp::UNIX_EPOCH);
        let mut load = busy(3).started(&run, &policy, now);
        load = load.not_found(&run, Duration::from_secs(1), now);
        assert!(load.missing.is_some());
        load = load.passed_over(&PutOff {
            virtual_deadline: serde_json::from_value(1_767_225_600_000_000_i64.into()).unwrap(),
            task: TaskId::generate(),
            revision: 3,
        });
        for load in [busy(0), load] {
            let item = encode("test", &load).unwrap();
            assert_eq!(decode("test", item).unwrap(), load);
        }
    }

    #[test]
    fn part_of_a_run_is_corrupt() {
        let mut item = encode("test", &busy(2)).unwrap();
        for damaged in [AttributeValue::B(Blob::new([1; 20])), item::number(2)] {
            item.insert(IN_FLIGHT.to_owned(), damaged);
            assert!(decode("test", item.clone()).is_err());
        }
    }

    #[test]
    fn forty_runs_fit_into_a_write_unit() {
        let bytes = |runs| {
            let item = encode("test", &busy(runs)).unwrap();
            let size = |value: &AttributeValue| match value {
                AttributeValue::B(bytes) => bytes.as_ref().len(),
                other => format!("{other:?}").len(),
            };
            item.iter()
                .map(|(name, value)| name.len() + size(value))
                .sum::<usize>()
        };
        assert!(bytes(40) <= 1_024, "{}", bytes(40));
    }
}
