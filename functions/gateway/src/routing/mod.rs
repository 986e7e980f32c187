//! How a tenant's tasks find their agents: decisions, the policy, the model.

mod decision;
mod explain;
mod model;
mod policy;

use tdev_domain::{TenantId, TrainMessage};

use crate::Deps;

pub(crate) use decision::DecisionView;
pub(crate) use explain::{__path_explain, explain};
pub(crate) use model::{__path_get, __path_release, __path_roll_back, get, release, roll_back};
pub(crate) use policy::{__path_put as __path_put_policy, put as put_policy};

/// Says that the tenant's model may be out of date. If that fails, the next one to say so makes up
/// for it.
pub(crate) async fn retrain(deps: &Deps, tenant: &TenantId) {
    let message = TrainMessage {
        tenant: tenant.clone(),
    };
    if let Err(error) = deps.train_queue.send(&message, &[]).await {
        tracing::warn!(%error, "the model is trained later");
    }
}
