//! The engine's seam to the runs of one tenant.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tdev_aws::Error;
use tdev_domain::{
    AgentName, ArtifactDigest, Joined, Place, Run, RunId, RunState, StepRecord, TenantId,
    VersionNumber,
};
use tdev_run::{CommitError, Meeting, Members, Store, Unavailable};

use crate::journals::Shared;

/// The runs of one tenant, as the engine knows them.
#[derive(Debug, Clone)]
pub struct TenantRuns {
    shared: Arc<Shared>,
    tenant: TenantId,
}

fn unavailable(error: Error) -> Unavailable {
    Unavailable(Box::new(error))
}

fn committed(result: tdev_aws::Result<()>) -> Result<(), CommitError> {
    match result {
        Ok(()) => Ok(()),
        Err(Error::Conflict { .. }) => Err(CommitError::Conflict),
        Err(error) => Err(unavailable(error).into()),
    }
}

/// A meeting's name within its run: `0#12#deps`, or `0#12#deps#3` for a group of it.
fn name(meeting: Meeting) -> String {
    let Meeting { resumed, step, .. } = meeting;
    let of = match meeting.of {
        Members::Dependencies => "deps",
        Members::Lanes => "lanes",
    };
    match meeting.group {
        None => format!("{resumed}#{step}#{of}"),
        Some(group) => format!("{resumed}#{step}#{of}#{group}"),
    }
}

impl TenantRuns {
    pub(crate) fn new(shared: Arc<Shared>, tenant: TenantId) -> Self {
        Self { shared, tenant }
    }

    /// The workflow definition with this digest, as JSON, if the tenant has one.
    ///
    /// # Errors
    /// A service failed, or the definition is damaged.
    pub async fn definition(
        &self,
        digest: &ArtifactDigest,
    ) -> Result<Option<Vec<u8>>, Unavailable> {
        let found = self.shared.objects.definition(&self.tenant, digest);
        Box::pin(found).await.map_err(unavailable)
    }

    /// What the agent's version gave for `input`, if the cache has it at `now`.
    ///
    /// # Errors
    /// A service failed.
    pub async fn cached(
        &self,
        agent: (&AgentName, VersionNumber),
        input: &Value,
        now: Timestamp,
    ) -> Result<Option<Value>, Unavailable> {
        let Shared { table, objects, .. } = &*self.shared;
        let cached = table.cached(objects, &self.tenant, agent, input, now);
        Box::pin(cached).await.map_err(unavailable)
    }

    /// Keeps in the cache what the agent's version gave for `input`, until then.
    ///
    /// # Errors
    /// A service failed.
    pub async fn keep(
        &self,
        agent: (&AgentName, VersionNumber),
        input: &Value,
        output: &Value,
        until: Timestamp,
    ) -> Result<(), Unavailable> {
        let Shared { table, objects, .. } = &*self.shared;
        let kept = table.keep_cached(objects, &self.tenant, agent, input, output, until);
        Box::pin(kept).await.map_err(unavailable)
    }

    /// Keeps the list that a map goes over.
    ///
    /// # Errors
    /// A service failed.
    pub async fn keep_items(
        &self,
        run: &RunId,
        step: u32,
        items: &[Value],
    ) -> Result<(), Unavailable> {
        let objects = &self.shared.objects;
        let kept = objects.keep_items(&self.tenant, run, step, items);
        Box::pin(kept).await.map_err(unavailable)
    }

    /// One item of a list that was kept, by its number from 0.
    ///
    /// # Errors
    /// A service failed, or there is no such item.
    pub async fn item(&self, run: &RunId, step: u32, item: u32) -> Result<Value, Unavailable> {
        let found = self.shared.objects.item(&self.tenant, run, step, item);
        Box::pin(found).await.map_err(unavailable)
    }
}

impl Store for TenantRuns {
    async fn run(&self, id: &RunId) -> Result<Option<Run>, Unavailable> {
        let Shared { table, objects, .. } = &*self.shared;
        let run = table.run(objects, &self.tenant, id);
        Box::pin(run).await.map_err(unavailable)
    }

    async fn run_state(&self, id: &RunId) -> Result<Option<RunState>, Unavailable> {
        let state = self.shared.table.run_state(&self.tenant, id);
        Box::pin(state).await.map_err(unavailable)
    }

    async fn put_run(&self, run: &Run) -> Result<(), CommitError> {
        let Shared { table, objects, .. } = &*self.shared;
        committed(Box::pin(table.put_run(objects, run)).await)
    }

    async fn steps(&self, run: &RunId, places: &[Place]) -> Result<Vec<StepRecord>, Unavailable> {
        let Shared { table, objects, .. } = &*self.shared;
        let steps = table.steps(objects, &self.tenant, run, places);
        Box::pin(steps).await.map_err(unavailable)
    }

    async fn all_steps(&self, run: &RunId) -> Result<Vec<StepRecord>, Unavailable> {
        let Shared { table, objects, .. } = &*self.shared;
        let steps = table.all_steps(objects, &self.tenant, run);
        Box::pin(steps).await.map_err(unavailable)
    }

    async fn items(&self, run: &RunId, step: u32) -> Result<Vec<StepRecord>, Unavailable> {
        let Shared { table, objects, .. } = &*self.shared;
        let items = table.items_of_step(objects, &self.tenant, run, step);
        Box::pin(items).await.map_err(unavailable)
    }

    async fn put_step(&self, run: &RunId, step: &StepRecord) -> Result<(), CommitError> {
        let Shared { table, objects, .. } = &*self.shared;
        let put = table.put_step(objects, &self.tenant, run, step, Timestamp::now());
        committed(Box::pin(put).await)
    }

    async fn come(
        &self,
        run: &RunId,
        meeting: Meeting,
        member: u32,
        missed: bool,
    ) -> Result<Joined, Unavailable> {
        let (table, name) = (&self.shared.table, name(meeting));
        let member = (member, missed);
        let come = table.come(&self.tenant, run, &name, member, Timestamp::now());
        Box::pin(come).await.map_err(unavailable)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_meeting_has_a_name_of_its_own() {
        let mut names = BTreeSet::new();
        for (resumed, step) in [(0, 12), (1, 2), (11, 2)] {
            for of in [Members::Dependencies, Members::Lanes] {
                for group in [None, Some(0), Some(1)] {
                    names.insert(name(Meeting {
                        resumed,
                        step,
                        of,
                        group,
                    }));
                }
            }
        }
        assert_eq!(names.len(), 3 * 2 * 3);
        assert!(names.contains("0#12#deps") && names.contains("11#2#lanes#1"));
    }
}
