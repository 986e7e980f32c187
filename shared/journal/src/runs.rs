//! The engine's seam to the runs of one tenant.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tdev_aws::Error;
use tdev_domain::{
    AgentName, ArtifactDigest, Gate, GateKey, Joined, Latest, Place, Run, RunId, RunState,
    StepRecord, TenantId, VersionNumber,
};
use tdev_run::{CommitError, Meeting, Members, Store, Unavailable};
use tdev_workflow::Plan;

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
        Members::Parts => "parts",
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

    /// The latest versions of what `plan` names, for a run of it.
    ///
    /// # Errors
    /// A service failed.
    pub async fn latest(&self, plan: &Plan) -> Result<Latest, Unavailable> {
        let table = &self.shared.table;
        let latest = table.latest(&self.tenant, plan.agents(), plan.workflows());
        Box::pin(latest).await.map_err(unavailable)
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

    async fn gate(&self, run: &RunId, key: GateKey) -> Result<Option<Gate>, Unavailable> {
        let Shared { table, objects, .. } = &*self.shared;
        let gate = table.gate(objects, &self.tenant, run, key);
        Box::pin(gate).await.map_err(unavailable)
    }

    async fn put_gate(&self, run: &RunId, gate: &Gate) -> Result<(), CommitError> {
        let Shared { table, objects, .. } = &*self.shared;
        let put = table.put_gate(objects, &self.tenant, run, gate, Timestamp::now());
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

    use serde_json::json;
    use tdev_domain::{RunStatus, StepState};
    use tdev_testing::{FakeAws, Response};

    use super::*;
    use crate::{Config, Journals};

    fn runs_of(aws: &FakeAws, tenant: &str) -> TenantRuns {
        let config = Config {
            table: "state".to_owned(),
            bucket: "artifacts".to_owned(),
            key: None,
            step_queue_url: "https://queue".to_owned(),
        };
        Journals::new(&aws.config(), &config).runs_of(&tenant.parse().unwrap())
    }

    fn run() -> Run {
        let now = Timestamp::UNIX_EPOCH;
        Run {
            id: RunId::generate(),
            tenant: "acme".parse().unwrap(),
            workflow: "nightly".parse().unwrap(),
            version: VersionNumber::FIRST,
            definition: ArtifactDigest::of(b"x"),
            steps: 1,
            input: json!({"text": "x".repeat(10_000)}),
            status: RunStatus::Running,
            parent: None,
            depth: 0,
            deadline: now,
            resumed: 0,
            latest: Latest::default(),
            task_token: None,
            revision: 0,
            due_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    fn step(place: Place) -> StepRecord {
        StepRecord {
            place,
            id: "fetch".parse().unwrap(),
            state: StepState::Pending,
            tries: Vec::new(),
            forgiven: 0,
            compensation: None,
            compensation_started_at: None,
            compensation_ended_at: None,
            revision: 0,
            due_at: None,
            started_at: Timestamp::UNIX_EPOCH,
            ended_at: None,
        }
    }

    #[tokio::test]
    async fn what_is_put_is_found_by_its_tenant_alone() {
        let aws = FakeAws::in_memory();
        let (runs, others) = (runs_of(&aws, "acme"), runs_of(&aws, "stranger"));
        let run = run();
        runs.put_run(&run).await.unwrap();
        assert_eq!(runs.run(&run.id).await.unwrap().as_ref(), Some(&run));
        let state = runs.run_state(&run.id).await.unwrap();
        assert_eq!(state, Some(RunState::Running));
        assert_eq!(others.run(&run.id).await.unwrap(), None);

        let (whole, item) = (step(Place::step(1)), step(Place::item(1, 0)));
        for step in [&whole, &item] {
            runs.put_step(&run.id, step).await.unwrap();
        }
        let all = runs.all_steps(&run.id).await.unwrap();
        assert_eq!(all, std::slice::from_ref(&whole));
        let items = runs.items(&run.id, 1).await.unwrap();
        assert_eq!(items, [item]);
        let places = [Place::step(1), Place::step(2)];
        assert_eq!(runs.steps(&run.id, &places).await.unwrap(), [whole]);
        assert_eq!(others.all_steps(&run.id).await.unwrap(), []);
    }

    #[tokio::test]
    async fn who_has_a_place_is_written_by_one_at_a_time() {
        let aws = FakeAws::in_memory();
        let runs = runs_of(&aws, "acme");
        let id = RunId::generate();
        // Large enough to lie beside the item.
        let key = GateKey {
            resumed: 1,
            map: Some(2),
            part: 0,
        };
        let mut gate = Gate {
            key,
            under_way: [3, 4].into(),
            waiting: (10..6_000).step_by(2).collect(),
            row: 6_000..9_000,
            revision: 0,
        };
        assert_eq!(runs.gate(&id, key).await.unwrap(), None);
        runs.put_gate(&id, &gate).await.unwrap();
        // The same again is a repetition of one's own write; what differs is another's.
        runs.put_gate(&id, &gate).await.unwrap();
        gate.under_way.insert(5);
        let refused = runs.put_gate(&id, &gate).await;
        gate.under_way.remove(&5);
        assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
        gate.revision = 1;
        gate.under_way.remove(&3);
        runs.put_gate(&id, &gate).await.unwrap();
        assert_eq!(runs.gate(&id, key).await.unwrap(), Some(gate));
        let of_steps = GateKey { map: None, ..key };
        assert_eq!(runs.gate(&id, of_steps).await.unwrap(), None);
    }

    #[tokio::test]
    async fn another_writer_is_told_from_a_service_that_fails() {
        let aws = FakeAws::in_memory();
        let runs = runs_of(&aws, "acme");
        let (mut run, mut step) = (run(), step(Place::step(1)));
        runs.put_run(&run).await.unwrap();
        runs.put_step(&run.id, &step).await.unwrap();
        (run.steps, step.forgiven) = (2, 1);
        let refused = [
            runs.put_run(&run).await,
            runs.put_step(&run.id, &step).await,
        ];
        for refused in refused {
            assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
        }
        for operation in ["PutItem", "GetItem", "UpdateItem"] {
            aws.on(&format!("DynamoDB.{operation}"), |_| {
                Response::error(400, "ThrottlingException", "slow down")
            });
        }
        let refused = runs.put_run(&run).await;
        let is_unavailable = matches!(refused, Err(CommitError::Unavailable(_)));
        assert!(is_unavailable, "{refused:?}");
        assert!(runs.run_state(&run.id).await.is_err());
        let meeting = Meeting {
            resumed: 0,
            step: 1,
            of: Members::Parts,
            group: None,
        };
        assert!(runs.come(&run.id, meeting, 0, false).await.is_err());
        aws.restore("DynamoDB.UpdateItem");
        let expected = Joined {
            over: 1,
            missed: false,
        };
        let come = runs.come(&run.id, meeting, 0, false).await;
        assert_eq!(come.unwrap(), expected);
    }

    #[test]
    fn every_meeting_has_a_name_of_its_own() {
        let mut names = BTreeSet::new();
        for (resumed, step) in [(0, 12), (1, 2), (11, 2)] {
            for of in [Members::Dependencies, Members::Parts] {
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
        assert!(names.contains("0#12#deps") && names.contains("11#2#parts#1"));
    }
}
