//! Workflows and their versions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tdev_domain::{ArtifactDigest, TenantId, VersionNumber, WorkflowName, WorkflowVersion};

use super::page::Listing;
use super::{Condition, Page, PageRequest, Table, Write, item, keys};
use crate::{Objects, Result};

const READ: &str = "read a workflow";

/// A workflow: the pointer to its latest version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workflow {
    /// The owner.
    pub tenant: TenantId,
    /// The name, unique within the tenant.
    pub name: WorkflowName,
    /// Whether it was deleted: no run of it may begin, but its versions can be read.
    pub deleted: bool,
    /// The version that is run unless another is asked for.
    pub latest: VersionNumber,
    /// The digest of that version's definition.
    pub definition: ArtifactDigest,
    /// What that version is for.
    pub description: String,
    /// How many steps that version has.
    pub steps: u32,
    /// When the first version was registered.
    pub created_at: Timestamp,
    /// When the pointer last moved.
    pub updated_at: Timestamp,
    /// Counts the writes, from 0; each is made on condition of the count it read.
    pub revision: u32,
}

/// A workflow to be registered, whose definition is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowDraft {
    /// The owner.
    pub tenant: TenantId,
    /// The workflow.
    pub name: WorkflowName,
    /// What it is for; may be empty.
    pub description: String,
    /// How many steps it has.
    pub steps: u32,
    /// The definition as JSON, by whose bytes it is told from others.
    pub definition: String,
}

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// A version came to be.
    New(WorkflowVersion),
    /// The latest version has this very definition.
    Known(WorkflowVersion),
}

impl Workflow {
    /// The pointer after `version` is registered.
    fn registering(current: Option<&Self>, version: &WorkflowVersion) -> Self {
        Self {
            tenant: version.tenant.clone(),
            name: version.name.clone(),
            deleted: false,
            latest: version.version,
            definition: version.definition.clone(),
            description: version.description.clone(),
            steps: version.steps,
            created_at: current.map_or(version.created_at, |current| current.created_at),
            updated_at: version.created_at,
            revision: current.map_or(0, |current| current.revision + 1),
        }
    }
}

impl Table {
    /// Registers the next version of a workflow, the first one if there is none; unless its latest
    /// version has the same definition. A deleted workflow is there again with its next version.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) if another version was registered, or the
    /// workflow deleted, at the same time.
    pub async fn register_workflow(
        &self,
        objects: &Objects,
        draft: &WorkflowDraft,
        now: Timestamp,
    ) -> Result<Registered> {
        const OPERATION: &str = "register a workflow";
        let WorkflowDraft { tenant, name, .. } = draft;
        let current = self.workflow(tenant, name).await?;
        let definition = ArtifactDigest::of(draft.definition.as_bytes());
        if let Some(current) = &current
            && !current.deleted
            && current.definition == definition
            && let Some(version) = self.workflow_version(tenant, name, current.latest).await?
        {
            return Ok(Registered::Known(version));
        }
        let definition = objects
            .put_definition(tenant, draft.definition.clone())
            .await?;
        let version = WorkflowVersion {
            tenant: tenant.clone(),
            name: name.clone(),
            version: current
                .as_ref()
                .map_or(VersionNumber::FIRST, |current| current.latest.next()),
            description: draft.description.clone(),
            definition,
            steps: draft.steps,
            created_at: now,
        };
        let next = Workflow::registering(current.as_ref(), &version);
        let key = keys::workflow_version(tenant, name, version.version);
        let listed = keys::listed_workflow(tenant, name);
        let writes = vec![
            Write::Put(
                item::encode(OPERATION, &key, &version, None)?,
                Some(Condition::absent()),
            ),
            pointer(OPERATION, current.as_ref(), &next)?,
            Write::Put(item::encode(OPERATION, &listed, &next, None)?, None),
        ];
        self.transact(OPERATION, writes).await?;
        Ok(Registered::New(version))
    }

    /// The workflow with this name, deleted or not.
    pub async fn workflow(
        &self,
        tenant: &TenantId,
        name: &WorkflowName,
    ) -> Result<Option<Workflow>> {
        self.entity(READ, &keys::workflow(tenant, name)).await
    }

    /// A version of a workflow, if it was ever registered.
    pub async fn workflow_version(
        &self,
        tenant: &TenantId,
        name: &WorkflowName,
        version: VersionNumber,
    ) -> Result<Option<WorkflowVersion>> {
        let key = keys::workflow_version(tenant, name, version);
        self.entity("read a workflow version", &key).await
    }

    /// A tenant's workflows by name; those that were deleted are left out.
    pub async fn workflows(&self, tenant: &TenantId, page: &PageRequest) -> Result<Page<Workflow>> {
        const OPERATION: &str = "list workflows";
        let listing = Listing {
            operation: OPERATION,
            partition: keys::workflows(tenant),
            prefix: None,
            descending: false,
            after: page.cursor::<WorkflowName>(OPERATION)?.map(String::from),
            limit: page.limit,
        };
        self.list(listing, |workflow: &Workflow| workflow.name.clone())
            .await
    }

    /// A workflow's versions, the newest first.
    pub async fn workflow_versions(
        &self,
        tenant: &TenantId,
        name: &WorkflowName,
        page: &PageRequest,
    ) -> Result<Page<WorkflowVersion>> {
        const OPERATION: &str = "list workflow versions";
        let after = page.cursor::<VersionNumber>(OPERATION)?;
        let listing = Listing {
            operation: OPERATION,
            partition: keys::workflow_partition(tenant, name),
            prefix: Some(keys::VERSION),
            descending: true,
            after: after.map(|version| keys::workflow_version(tenant, name, version).sk),
            limit: page.limit,
        };
        self.list(listing, |version: &WorkflowVersion| version.version)
            .await
    }

    /// Deletes a workflow: it is listed no longer and marked, and its versions stay. `None` if
    /// there is none, or it is deleted.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) if it has changed at the same time.
    pub async fn delete_workflow(
        &self,
        tenant: &TenantId,
        name: &WorkflowName,
        now: Timestamp,
    ) -> Result<Option<Workflow>> {
        const OPERATION: &str = "delete a workflow";
        let current = self.workflow(tenant, name).await?;
        let Some(current) = current.filter(|current| !current.deleted) else {
            return Ok(None);
        };
        let next = Workflow {
            deleted: true,
            updated_at: now,
            revision: current.revision + 1,
            ..current.clone()
        };
        let writes = vec![
            pointer(OPERATION, Some(&current), &next)?,
            Write::Delete(keys::listed_workflow(tenant, name), None),
        ];
        self.transact(OPERATION, writes).await?;
        Ok(Some(next))
    }
}

/// The write that puts `next` in the place of `current`.
fn pointer(operation: &'static str, current: Option<&Workflow>, next: &Workflow) -> Result<Write> {
    let condition = current.map_or_else(Condition::absent, |current| {
        Condition::revision(current.revision)
    });
    let key = keys::workflow(&next.tenant, &next.name);
    let item = item::encode(operation, &key, next, None)?;
    Ok(Write::Put(item, Some(condition)))
}
