//! What agents are judged by.

use serde::{Deserialize, Serialize};
use tdev_domain::evolution::{EvolutionId, ProblemName, ProblemRecord};
use tdev_domain::{ArtifactDigest, TenantId};

use super::page::Listing;
use super::{Page, PageRequest, Table, item, keys};
use crate::Result;

/// Who has looked at the held-out cases of a problem.
#[derive(Default, Serialize, Deserialize)]
struct Looks {
    evolutions: Vec<EvolutionId>,
    revision: u64,
}

impl Table {
    /// The problem with this name, if the tenant has one.
    pub async fn problem(
        &self,
        tenant: &TenantId,
        name: &ProblemName,
    ) -> Result<Option<ProblemRecord>> {
        self.entity("read a problem", &keys::problem(tenant, name))
            .await
    }

    /// Writes the next revision of a problem, whose objects are stored.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) if the revision before it is not what is stored.
    pub async fn put_problem(&self, problem: &ProblemRecord) -> Result<()> {
        const OPERATION: &str = "store a problem";
        let key = keys::problem(&problem.tenant, &problem.name);
        let item = item::encode(OPERATION, &key, problem, None)?;
        self.put_revision(OPERATION, &item, problem.revision).await
    }

    /// A tenant's problems by name.
    pub async fn problems(
        &self,
        tenant: &TenantId,
        page: &PageRequest,
    ) -> Result<Page<ProblemRecord>> {
        const OPERATION: &str = "list problems";
        let listing = Listing {
            operation: OPERATION,
            partition: keys::problems(tenant),
            prefix: None,
            descending: false,
            after: page.cursor::<ProblemName>(OPERATION)?.map(String::from),
            limit: page.limit,
        };
        self.list(listing, |problem: &ProblemRecord| problem.name.clone())
            .await
    }

    /// Records that an evolution is about to look at the held-out cases of the problem with this
    /// digest, once however often it says so, and returns how many others did before it. If there
    /// were `allowed`, nothing is recorded.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) if another one was recorded at the same time.
    pub async fn look_at_held_out(
        &self,
        tenant: &TenantId,
        problem: &ArtifactDigest,
        evolution: &EvolutionId,
        allowed: u32,
    ) -> Result<u32> {
        const OPERATION: &str = "record a look at held-out cases";
        let key = keys::looks(tenant, problem);
        let found: Option<Looks> = self.entity(OPERATION, &key).await?;
        let is_first = found.is_none();
        let mut looks = found.unwrap_or_default();
        let known = looks.evolutions.iter().position(|id| id == evolution);
        let before = known.unwrap_or(looks.evolutions.len());
        let before = u32::try_from(before).unwrap_or(u32::MAX);
        if known.is_none() && before < allowed {
            looks.evolutions.push(evolution.clone());
            looks.revision = if is_first { 0 } else { looks.revision + 1 };
            let item = item::encode(OPERATION, &key, &looks, None)?;
            self.put_revision(OPERATION, &item, looks.revision).await?;
        }
        Ok(before)
    }
}
