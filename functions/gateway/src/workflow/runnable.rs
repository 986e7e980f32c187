//! Definitions ready to be run: with their plans made and their input schemas compiled.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jsonschema::Validator;
use lru::LruCache;
use serde_json::Value;
use tdev_domain::{ArtifactDigest, TenantId};
use tdev_workflow::{Definition, Plan};

use crate::Deps;
use crate::callable::{compile_schema, violations};
use crate::problem::{Problem, Violation};

/// How many steps all plans together have that a process keeps ready, about.
const MAX_STEPS_KEPT: u32 = 20_000;

/// A definition with its plan.
#[derive(Debug)]
pub(crate) struct Runnable {
    /// As it was registered.
    pub(crate) definition: Definition,
    pub(crate) plan: Plan,
    input: Option<Validator>,
}

/// The definitions used last. A definition never changes, so none goes stale.
#[derive(Debug)]
pub(crate) struct Runnables(Mutex<LruCache<Id, Arc<Runnable>>>);

type Id = (TenantId, ArtifactDigest);

impl Default for Runnables {
    fn default() -> Self {
        Self(Mutex::new(LruCache::unbounded()))
    }
}

/// A definition is stored of which no plan can be made, or none at all.
#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error("the definition {0} is gone")]
    Gone(ArtifactDigest),
    #[error("the definition {0} is no text")]
    NotText(ArtifactDigest, #[source] std::string::FromUtf8Error),
    #[error("the definition {0} is not valid: {1:?}")]
    Invalid(ArtifactDigest, Vec<tdev_workflow::Problem>),
    #[error("the input schema of the definition {0} cannot be used")]
    Schema(
        ArtifactDigest,
        #[source] jsonschema::ValidationError<'static>,
    ),
}

impl Runnables {
    /// The tenant's definition with this digest, read and made ready if it is not at hand.
    pub(crate) async fn get(
        &self,
        deps: &Deps,
        tenant: &TenantId,
        digest: &ArtifactDigest,
    ) -> Result<Arc<Runnable>, Problem> {
        let id = (tenant.clone(), digest.clone());
        if let Some(runnable) = self.lock().get(&id) {
            return Ok(Arc::clone(runnable));
        }
        let found = deps.objects.definition(tenant, digest).await?;
        let runnable = Runnable::read(found, digest).map_err(|e| Problem::internal(&e))?;
        let runnable = Arc::new(runnable);
        self.keep(id, Arc::clone(&runnable));
        Ok(runnable)
    }

    fn keep(&self, id: Id, runnable: Arc<Runnable>) {
        let mut kept = self.lock();
        kept.put(id, runnable);
        while kept.len() > 1 {
            let steps = kept.iter().map(|(_, runnable)| runnable.plan.len());
            if steps.sum::<u32>() <= MAX_STEPS_KEPT {
                break;
            }
            kept.pop_lru();
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Id, Arc<Runnable>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runnable {
    fn read(found: Option<Vec<u8>>, digest: &ArtifactDigest) -> Result<Self, Damage> {
        let bytes = found.ok_or_else(|| Damage::Gone(digest.clone()))?;
        let text = String::from_utf8(bytes).map_err(|e| Damage::NotText(digest.clone(), e))?;
        let invalid = |problems| Damage::Invalid(digest.clone(), problems);
        let definition = Definition::from_json(&text).map_err(|e| invalid(vec![e]))?;
        let plan = Plan::new(&definition).map_err(invalid)?;
        let input = plan.input_schema.as_ref().map(compile_schema).transpose();
        let input = input.map_err(|e| Damage::Schema(digest.clone(), e))?;
        Ok(Self {
            definition,
            plan,
            input,
        })
    }

    /// What is wrong with the input of a run; pointers are into the request's body.
    pub(crate) fn input_violations(&self, input: &Value) -> Vec<Violation> {
        violations(self.input.as_ref(), input, "/input")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn runnable(steps: u32) -> Arc<Runnable> {
        let steps: Vec<_> = (0..steps)
            .map(|n| json!({"id": format!("s{n}"), "wait": {"seconds": 1}}))
            .collect();
        let text = json!({"name": "w", "steps": steps}).to_string();
        let digest = ArtifactDigest::of(text.as_bytes());
        Arc::new(Runnable::read(Some(text.into_bytes()), &digest).unwrap())
    }

    #[test]
    fn what_is_kept_has_a_bounded_number_of_steps() {
        let kept = Runnables::default();
        let large = runnable(9_000);
        let id = |n: u32| {
            let digest = ArtifactDigest::of(&n.to_be_bytes());
            ("acme".parse().unwrap(), digest)
        };
        for n in 0..3 {
            kept.keep(id(n), Arc::clone(&large));
        }
        assert_eq!(kept.lock().len(), 2);
        assert!(kept.lock().get(&id(0)).is_none(), "the oldest went");
        for n in 3..9 {
            kept.keep(id(n), runnable(100));
        }
        assert_eq!(kept.lock().len(), 8);
    }

    #[test]
    fn what_is_damaged_is_told_by_its_digest() {
        let digest = ArtifactDigest::of(b"");
        for (found, expected) in [
            (None, "is gone"),
            (Some(vec![0xff]), "is no text"),
            (Some(b"{}".to_vec()), "is not valid"),
        ] {
            let error = Runnable::read(found, &digest).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.contains(digest.as_str()), "{error}");
        }
    }
}
