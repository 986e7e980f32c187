//! Listings of invocations.

use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tdev_domain::{
    AgentName, EffectKey, Invalid, Invocation, InvocationId, InvocationStatus, TaskId, TenantId,
    VersionNumber,
};

use super::item::{self, Item};
use super::keys::{LISTED_AT, LISTING};
use super::listing::{AGENT, IndexListing, STATE, SUMMARY, Wanted, created, listed_at};
use super::{Page, PageRequest, Table, keys};
use crate::Result;

const OPERATION: &str = "list invocations";

/// Whether an invocation that is listed as running has yet to find a worker, which the record says
/// and the index does not: or every run would have to be written there once more.
const IS_QUEUED: &str = "is_queued";

/// An [`InvocationStatus`]'s name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(
    missing_docs,
    reason = "named as the states themselves, which say what they mean"
)]
pub enum InvocationState {
    Queued,
    Running,
    Suspended,
    Completed,
    Failed,
    Cancelled,
}

impl InvocationState {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Running,
        Self::Suspended,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The name as it is written: `suspended`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Suspended => "suspended",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl FromStr for InvocationState {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| Invalid::new("status", "a status of a call, such as running"))
    }
}

impl From<&InvocationStatus> for InvocationState {
    fn from(status: &InvocationStatus) -> Self {
        match status {
            InvocationStatus::Queued => Self::Queued,
            InvocationStatus::Running { .. } => Self::Running,
            InvocationStatus::Suspended { .. } => Self::Suspended,
            InvocationStatus::Completed { .. } => Self::Completed,
            InvocationStatus::Failed { .. } => Self::Failed,
            InvocationStatus::Cancelled => Self::Cancelled,
        }
    }
}

/// An invocation as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvocationSummary {
    /// Its identifier.
    pub id: InvocationId,
    /// The agent.
    pub agent: AgentName,
    /// Its version.
    pub version: VersionNumber,
    /// Where it stands.
    pub status: InvocationState,
    /// The effect that called it.
    pub parent: Option<EffectKey>,
    /// The task that it is run for.
    pub task: Option<TaskId>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Which invocations are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InvocationFilter {
    /// Those of this agent only.
    pub agent: Option<AgentName>,
    /// Those that stand here only.
    pub status: Option<InvocationState>,
}

impl From<&Invocation> for InvocationSummary {
    fn from(record: &Invocation) -> Self {
        Self {
            id: record.id.clone(),
            agent: record.callee.agent.clone(),
            version: record.callee.version,
            status: (&record.status).into(),
            parent: record.parent.clone(),
            task: record.task.clone(),
            created_at: record.created_at,
            ended_at: record.status.is_final().then_some(record.updated_at),
        }
    }
}

impl InvocationFilter {
    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            agent: self.agent.as_ref().map(AgentName::as_str),
            state: self.status.map(|state| as_listed(state).as_str()),
        }
    }
}

impl Table {
    /// A tenant's invocations, the newest first. What was accepted and has not been written since
    /// is not among them, and what has just changed may be missing, or listed as it was.
    ///
    /// A page may have fewer than `limit` items, or none, and yet not be the last: the search for
    /// what the filter lets through goes on with the next page.
    pub async fn invocations(
        &self,
        tenant: &TenantId,
        filter: &InvocationFilter,
        page: &PageRequest,
    ) -> Result<Page<InvocationSummary>> {
        let listing = IndexListing {
            operation: OPERATION,
            partition: keys::invocations(tenant),
            wanted: filter.wanted(),
            key: |id: &InvocationId| keys::invocation(tenant, id),
        };
        let page = self.list_index(listing, page).await?;
        let mut summaries = Vec::new();
        for item in &page.items {
            let mut summary = summary(item)?;
            if summary.status == InvocationState::Running
                && self.is_queued(tenant, &summary.id).await?
            {
                summary.status = InvocationState::Queued;
            }
            if filter.status.is_none_or(|status| status == summary.status) {
                summaries.push(summary);
            }
        }
        Ok(Page {
            items: summaries,
            next: page.next,
        })
    }

    async fn is_queued(&self, tenant: &TenantId, id: &InvocationId) -> Result<bool> {
        let found = self.item(OPERATION, &keys::invocation(tenant, id)).await?;
        Ok(found.is_some_and(|item| item.contains_key(IS_QUEUED)))
    }
}

/// What a summary says beyond what it is listed by.
#[derive(Serialize, Deserialize)]
struct Rest {
    version: VersionNumber,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<EffectKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<TaskId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    /// How far after the microsecond it is listed by it was accepted.
    ns: i32,
}

impl Rest {
    fn of(summary: &InvocationSummary) -> Self {
        Self {
            version: summary.version,
            parent: summary.parent.clone(),
            task: summary.task.clone(),
            ended_at: summary.ended_at,
            ns: summary.created_at.subsec_nanosecond() % 1_000,
        }
    }
}

/// The summary that an entry of the index makes up.
fn summary(item: &Item) -> Result<InvocationSummary> {
    let rest: Rest = item::json(OPERATION, item, SUMMARY)?;
    let (created_at, id) = created(OPERATION, item, rest.ns)?;
    Ok(InvocationSummary {
        id,
        agent: item::parsed(OPERATION, item, AGENT)?,
        version: rest.version,
        status: item::parsed(OPERATION, item, STATE)?,
        parent: rest.parent,
        task: rest.task,
        created_at,
        ended_at: rest.ended_at,
    })
}

/// How the index has a state: what is queued is as good as running.
fn as_listed(state: InvocationState) -> InvocationState {
    match state {
        InvocationState::Queued => InvocationState::Running,
        state => state,
    }
}

/// The attributes by which `record` is listed, which has been written since it was accepted.
pub(super) fn attributes(record: &Invocation) -> Result<Item, serde_json::Error> {
    let mut summary = InvocationSummary::from(record);
    let is_queued = summary.status == InvocationState::Queued;
    summary.status = as_listed(summary.status);
    let texts = [
        (LISTING, keys::invocations(&record.tenant)),
        (LISTED_AT, listed_at(record.created_at, &record.id)),
        (AGENT, summary.agent.to_string()),
        (STATE, summary.status.as_str().to_owned()),
        (SUMMARY, serde_json::to_string(&Rest::of(&summary))?),
    ];
    let attributes = texts.map(|(name, text)| (name.to_owned(), item::string(text)));
    let mut attributes = Item::from(attributes);
    if is_queued {
        attributes.insert(IS_QUEUED.to_owned(), AttributeValue::Bool(true));
    }
    Ok(attributes)
}
