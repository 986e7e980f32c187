//! Runs of workflows.

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tdev_domain::{
    AgentName, AgentStatus, Latest, Run, RunId, RunState, StepTry, TenantId, VersionNumber,
    WorkflowName,
};

use super::body::{self, BODY, Owner};
use super::item::{self, Item};
use super::keys::{EXPIRES_AT, LISTED_AT, LISTING};
use super::listing::{AGENT, IndexListing, STATE, SUMMARY, Wanted, created, listed_at};
use super::packed::Sample;
use super::{Condition, Page, PageRequest, Put, Table, due, keys};
use crate::{Error, Objects, Result};

const READ: &str = "read a run";
const WRITE: &str = "write a run";
const LIST: &str = "list runs";

/// How long a run is kept after its end, in seconds.
const KEPT_FOR: i64 = 30 * 24 * 60 * 60;

/// How many agents or workflows are looked up at once.
const AT_ONCE: usize = 16;

/// The parts of a run that may be large.
const LARGE: [&str; 6] = [
    "/input",
    "/latest",
    "/status/output",
    "/status/because",
    "/status/order",
    "/status/uncompensated",
];

/// A run as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// Its identifier.
    pub id: RunId,
    /// What is run.
    pub workflow: WorkflowName,
    /// Its version.
    pub version: VersionNumber,
    /// Where it stands.
    pub status: RunState,
    /// The step of another run that waits for it.
    pub parent: Option<StepTry>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Which runs are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Those of this workflow only.
    pub workflow: Option<WorkflowName>,
    /// Those that stand here only.
    pub status: Option<RunState>,
}

impl Table {
    /// The run with this id, if the tenant has one.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a value that was stored beside it is gone or damaged, too.
    pub async fn run(
        &self,
        objects: &Objects,
        tenant: &TenantId,
        id: &RunId,
    ) -> Result<Option<Run>> {
        let Some(item) = self.item(READ, &keys::run(tenant, id)).await? else {
            return Ok(None);
        };
        let run = body::decode(READ, objects, owner(tenant, id), &item);
        run.await.map(Some)
    }

    /// Where the run stands: no value that is stored beside it is read.
    pub async fn run_state(&self, tenant: &TenantId, id: &RunId) -> Result<Option<RunState>> {
        let item = self.item(READ, &keys::run(tenant, id)).await?;
        item.map(|item| item::parsed(READ, &item, STATE))
            .transpose()
    }

    /// Writes the next revision of a run. Stores what is too large for the item in `objects`
    /// first.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the stored revision is not the one before; nothing was written. After
    /// [`Error::Transient`] it is not known whether it was.
    pub async fn put_run(&self, objects: &Objects, run: &Run) -> Result<()> {
        let item = encode(objects, run).await?;
        self.put_revision(WRITE, &item, run.revision).await
    }

    /// Writes an item on condition that the stored one's revision is the one before `revision`,
    /// and that there is none if it is 0.
    pub(super) async fn put_revision(
        &self,
        operation: &'static str,
        item: &Item,
        revision: u64,
    ) -> Result<()> {
        let condition = match revision.checked_sub(1) {
            None => Condition::absent(),
            Some(found) => Condition::revision(found),
        };
        match self.put_if(operation, item, condition).await? {
            Put::Written => Ok(()),
            Put::Refused { error, .. } => Err(error),
        }
    }

    /// The latest versions of those of these agents and workflows that are there.
    pub async fn latest(
        &self,
        tenant: &TenantId,
        agents: impl IntoIterator<Item = &AgentName>,
        workflows: impl IntoIterator<Item = &WorkflowName>,
    ) -> Result<Latest> {
        let agents: Vec<AgentName> = agents.into_iter().cloned().collect();
        let agents = stream::iter(agents).map(async |name| {
            let found = self.agent(tenant, &name).await?;
            let active = found.filter(|found| found.status == AgentStatus::Active);
            Ok::<_, Error>(active.map(|found| (name, found.latest)))
        });
        let workflows: Vec<WorkflowName> = workflows.into_iter().cloned().collect();
        let workflows = stream::iter(workflows).map(async |name| {
            let found = self.workflow(tenant, &name).await?;
            let active = found.filter(|found| !found.deleted);
            Ok::<_, Error>(active.map(|found| (name, found.latest)))
        });
        Ok(Latest {
            agents: agents
                .buffer_unordered(AT_ONCE)
                .try_filter_map(async |found| Ok(found))
                .try_collect()
                .await?,
            workflows: workflows
                .buffer_unordered(AT_ONCE)
                .try_filter_map(async |found| Ok(found))
                .try_collect()
                .await?,
        })
    }

    /// A tenant's runs, the newest first. What has just changed may be missing, or listed as it
    /// was.
    ///
    /// A page may have fewer than `limit` items, or none, and yet not be the last: the search for
    /// what the filter lets through goes on with the next page.
    pub async fn runs(
        &self,
        tenant: &TenantId,
        filter: &RunFilter,
        page: &PageRequest,
    ) -> Result<Page<RunSummary>> {
        let listing = IndexListing {
            operation: LIST,
            partition: keys::runs(tenant),
            wanted: filter.wanted(),
            key: |id: &RunId| keys::run(tenant, id),
        };
        let page = self.list_index(listing, page).await?;
        Ok(Page {
            items: page.items.iter().map(summary).collect::<Result<_>>()?,
            next: page.next,
        })
    }
}

impl RunFilter {
    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            agent: self.workflow.as_ref().map(WorkflowName::as_str),
            state: self.status.map(RunState::as_str),
        }
    }
}

fn owner<'a>(tenant: &'a TenantId, id: &'a RunId) -> Owner<'a> {
    Owner {
        tenant,
        name: id,
        sample: Sample::Runs,
    }
}

async fn encode(objects: &Objects, run: &Run) -> Result<Item> {
    let owner = owner(&run.tenant, &run.id);
    let body = body::encode(WRITE, objects, owner, run, &LARGE).await?;
    let mut item = keys::run(&run.tenant, &run.id).attributes();
    item.insert(BODY.to_owned(), body);
    item.insert("revision".to_owned(), item::count(run.revision));
    item.extend(listed(run).map_err(|e| Error::rejected(WRITE, e))?);
    if let Some(due_at) = run.due_at {
        item.extend(due::of_run(&run.id, None, due_at));
    }
    if run.status.state().is_final() {
        let expires_at = run.updated_at.as_second() + KEPT_FOR;
        item.insert(EXPIRES_AT.to_owned(), item::number(expires_at));
    }
    item::checked(WRITE, item)
}

/// What a summary says beyond what it is listed by.
#[derive(Serialize, Deserialize)]
struct Rest {
    version: VersionNumber,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<StepTry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    /// How far after the microsecond it is listed by it was accepted.
    ns: i32,
}

/// The attributes by which `run` is listed.
fn listed(run: &Run) -> Result<Item, serde_json::Error> {
    let state = run.status.state();
    let rest = Rest {
        version: run.version,
        parent: run.parent.clone(),
        ended_at: state.is_final().then_some(run.updated_at),
        ns: run.created_at.subsec_nanosecond() % 1_000,
    };
    let texts = [
        (LISTING, keys::runs(&run.tenant)),
        (LISTED_AT, listed_at(run.created_at, &run.id)),
        (AGENT, run.workflow.to_string()),
        (STATE, state.as_str().to_owned()),
        (SUMMARY, serde_json::to_string(&rest)?),
    ];
    Ok(Item::from(
        texts.map(|(name, text)| (name.to_owned(), item::string(text))),
    ))
}

/// The summary that an entry of the index makes up.
fn summary(item: &Item) -> Result<RunSummary> {
    let rest: Rest = item::json(LIST, item, SUMMARY)?;
    let (created_at, id) = created(LIST, item, rest.ns)?;
    Ok(RunSummary {
        id,
        workflow: item::parsed(LIST, item, AGENT)?,
        version: rest.version,
        status: item::parsed(LIST, item, STATE)?,
        parent: rest.parent,
        created_at,
        ended_at: rest.ended_at,
    })
}
