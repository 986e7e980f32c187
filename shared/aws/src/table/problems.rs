//! What agents are judged by.

use tdev_domain::TenantId;
use tdev_domain::evolution::{ProblemName, ProblemRecord};

use super::page::Listing;
use super::{Page, PageRequest, Table, item, keys};
use crate::Result;

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
}
