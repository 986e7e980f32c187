//! What is known of each tenant: its agents and how busy they are, its model, its policy.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use lru::LruCache;
use tdev_aws::{Models, Table};
use tdev_domain::{
    Agent, AgentLoad, AgentName, ErrorName, RouterModel, RouterPointer, Routing, TenantId,
    VersionNumber,
};
use tdev_lambda::Error;
use tdev_routing::model::Snapshot;
use tdev_routing::select::Policy;

use crate::Routable;

/// How many tenants a process keeps at hand.
const TENANTS: NonZeroUsize = NonZeroUsize::new(64).unwrap();
/// How many agent versions it keeps compiled.
const VERSIONS: NonZeroUsize = NonZeroUsize::new(2_048).unwrap();
/// How many versions are read at once.
const READS: usize = 16;

/// A model, ready to be asked.
#[derive(Debug)]
pub struct Model {
    /// Which it is.
    pub meta: RouterModel,
    /// What it says.
    pub snapshot: Snapshot,
}

/// What is known of a tenant.
#[derive(Debug, Clone)]
pub struct View {
    tenant: TenantId,
    /// Its active agents.
    pub agents: BTreeMap<AgentName, Arc<Routable>>,
    /// How busy they are; none is idle.
    pub loads: BTreeMap<AgentName, AgentLoad>,
    /// How tasks are routed.
    pub routing: Arc<Routing<Policy>>,
    /// Its model, if one was trained.
    pub model: Option<Arc<Model>>,
}

impl View {
    /// How busy an agent is.
    #[must_use]
    pub fn load(&self, agent: &AgentName) -> AgentLoad {
        let known = self.loads.get(agent).cloned();
        known.unwrap_or_else(|| AgentLoad::idle(self.tenant.clone(), agent.clone()))
    }
}

/// What is known of each tenant, read again when it is older than a few seconds.
#[derive(Debug)]
pub struct Tenants {
    table: Table,
    models: Models,
    fresh_for: Duration,
    known: Mutex<LruCache<TenantId, Known>>,
    versions: Mutex<LruCache<(TenantId, AgentName, VersionNumber), Arc<Routable>>>,
}

#[derive(Debug, Clone)]
struct Known {
    read_at: Instant,
    view: Arc<View>,
}

impl Tenants {
    /// Reads of a tenant what is older than `fresh_for`.
    #[must_use]
    pub fn new(table: Table, models: Models, fresh_for: Duration) -> Self {
        Self {
            table,
            models,
            fresh_for,
            known: Mutex::new(LruCache::new(TENANTS)),
            versions: Mutex::new(LruCache::new(VERSIONS)),
        }
    }

    /// The same, but reads what is older than this.
    #[must_use]
    pub fn fresh_for(self, fresh_for: Duration) -> Self {
        Self { fresh_for, ..self }
    }

    /// What is known of `tenant`, perhaps for a few seconds.
    pub async fn view(&self, tenant: &TenantId) -> Result<Arc<View>, Error> {
        let known = lock(&self.known).get(tenant).cloned();
        if let Some(known) = &known
            && known.read_at.elapsed() < self.fresh_for
        {
            return Ok(Arc::clone(&known.view));
        }
        self.read(tenant).await
    }

    /// What there is to know of `tenant` now.
    pub async fn read(&self, tenant: &TenantId) -> Result<Arc<View>, Error> {
        let read_at = Instant::now();
        let known = lock(&self.known).get(tenant).cloned();
        let before = known.and_then(|known| known.view.model.clone());
        let view = Arc::new(View {
            tenant: tenant.clone(),
            agents: self.agents(tenant).await?,
            loads: self.loads(tenant).await?,
            routing: Arc::new(self.table.routing(tenant).await?),
            model: self.model(tenant, before).await?,
        });
        let known = Known {
            read_at,
            view: Arc::clone(&view),
        };
        lock(&self.known).put(tenant.clone(), known);
        Ok(view)
    }

    async fn loads(&self, tenant: &TenantId) -> Result<BTreeMap<AgentName, AgentLoad>, Error> {
        let loads = self.table.agent_loads(tenant).await?;
        Ok(loads
            .into_iter()
            .map(|load| (load.agent.clone(), load))
            .collect())
    }

    async fn agents(&self, tenant: &TenantId) -> Result<BTreeMap<AgentName, Arc<Routable>>, Error> {
        stream::iter(self.table.all_agents(tenant).await?)
            .map(|agent| self.routable(agent))
            .buffer_unordered(READS)
            .try_collect()
            .await
    }

    /// The agent's latest version. A version never changes, so none goes stale.
    async fn routable(&self, agent: Agent) -> Result<(AgentName, Arc<Routable>), Error> {
        let id = (agent.tenant.clone(), agent.name.clone(), agent.latest);
        let known = lock(&self.versions).get(&id).cloned();
        if let Some(routable) = known {
            return Ok((agent.name, routable));
        }
        let found = self
            .table
            .version(&agent.tenant, &agent.name, agent.latest)
            .await?;
        let version = found.ok_or_else(|| {
            Error::new(
                ErrorName::Transient,
                "an agent points to a version that does not exist",
            )
        })?;
        let routable = Arc::new(Routable::new(version));
        lock(&self.versions).put(id, Arc::clone(&routable));
        Ok((agent.name, routable))
    }

    /// The model that the tenant's pointer names: the one `before` if it still is, else as it is
    /// read. If it cannot be, the newest that can.
    async fn model(
        &self,
        tenant: &TenantId,
        before: Option<Arc<Model>>,
    ) -> Result<Option<Arc<Model>>, Error> {
        let Some(pointer) = self.table.router(tenant).await? else {
            return Ok(None);
        };
        let RouterPointer {
            model, previous, ..
        } = pointer;
        for meta in std::iter::once(model).chain(previous) {
            if let Some(before) = &before
                && before.meta == meta
            {
                return Ok(Some(Arc::clone(before)));
            }
            match self.load(tenant, &meta).await {
                Ok(snapshot) => return Ok(Some(Arc::new(Model { meta, snapshot }))),
                Err(error) if error.is_retryable() => return Err(error),
                Err(error) => tracing::error!(
                    version = meta.version,
                    error = error.chain(),
                    "a model cannot be used"
                ),
            }
        }
        Err(Error::new(
            ErrorName::Transient,
            "none of the tenant's models can be used",
        ))
    }

    async fn load(&self, tenant: &TenantId, model: &RouterModel) -> Result<Snapshot, Error> {
        let bytes = self.models.get(tenant, model).await?;
        Snapshot::from_bytes(&bytes).map_err(Error::internal)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
