//! A divided problem as three objects: what everybody may read, what the search may, and what only
//! the gate may.

use serde::{Deserialize, Serialize};
use tdev_domain::Invalid;

use super::{Canary, Case, Definition, Divided, ImportError, Problem, from_jsonl, to_jsonl};

/// A divided problem as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The definition as JSON, without cases and canaries.
    pub definition: Vec<u8>,
    /// The cases of the search as JSON Lines.
    pub train: Vec<u8>,
    /// The cases of the gate and the canaries as JSON.
    pub held_out: Vec<u8>,
}

/// What only the gate may read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reserved {
    /// The cases that are held out.
    pub held_out: Vec<Case>,
    /// Further distributions.
    pub canaries: Vec<Canary>,
}

/// Why a stored part cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// It is not the JSON that this build writes.
    #[error("a part of a problem is not of the form that this build knows")]
    Form(#[source] serde_json::Error),
    /// Its name is none.
    #[error("the name of a problem is not of the form that this build knows")]
    Name(#[source] Invalid),
    /// The cases are not.
    #[error("the cases of a problem are not of the form that this build knows")]
    Cases(#[source] ImportError),
}

impl Divided {
    /// Its three objects. What is equal has equal bytes.
    ///
    /// # Errors
    ///
    /// [`StoredError::Form`] for what has no JSON, of which a checked problem has nothing.
    pub fn stored(&self) -> Result<Stored, StoredError> {
        let reserved = Reserved {
            held_out: self.held_out.clone(),
            canaries: self.canaries.clone(),
        };
        Ok(Stored {
            definition: serde_json::to_vec(self.problem.definition()).map_err(StoredError::Form)?,
            train: to_jsonl(&self.train).into_bytes(),
            held_out: serde_json::to_vec(&reserved).map_err(StoredError::Form)?,
        })
    }
}

impl Stored {
    /// The problem of a stored definition, which was checked before it was stored.
    ///
    /// # Errors
    ///
    /// [`StoredError`] if this build does not know its form.
    pub fn problem(definition: &[u8]) -> Result<Problem, StoredError> {
        let definition: Definition =
            serde_json::from_slice(definition).map_err(StoredError::Form)?;
        Problem::trusted(definition).map_err(StoredError::Name)
    }

    /// The cases of the search.
    ///
    /// # Errors
    ///
    /// [`StoredError`] if this build does not know their form.
    pub fn train(bytes: &[u8]) -> Result<Vec<Case>, StoredError> {
        from_jsonl(bytes).map_err(StoredError::Cases)
    }

    /// What only the gate may read.
    ///
    /// # Errors
    ///
    /// [`StoredError`] if this build does not know its form.
    pub fn reserved(bytes: &[u8]) -> Result<Reserved, StoredError> {
        serde_json::from_slice(bytes).map_err(StoredError::Form)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_stored_is_read_and_nothing_is_in_the_wrong_object() {
        let cases: Vec<_> = (0..20)
            .map(|n| json!({"input": n, "output": n * 1000 + 7}))
            .collect();
        let problem = Problem::parse(&json!({
            "name": "scale",
            "judge": {"kind": "cases", "metric": {"kind": "absolute"}, "cases": cases},
            "canaries": [{"name": "negative", "cases": [{"input": -5, "output": -4993}]}],
        }));
        let divided = problem.unwrap().divide(Vec::new()).unwrap();
        let stored = divided.stored().unwrap();
        let reserved = Stored::reserved(&stored.held_out).unwrap();
        let back = Divided {
            problem: Stored::problem(&stored.definition).unwrap(),
            train: Stored::train(&stored.train).unwrap(),
            held_out: reserved.held_out,
            canaries: reserved.canaries,
        };
        assert_eq!(back, divided);
        assert_eq!(back.stored().unwrap(), stored);
        let open = [stored.definition, stored.train].concat();
        let open = String::from_utf8(open).unwrap();
        for case in &divided.held_out {
            let output = format!("\"output\":{}}}", case.output);
            assert!(!open.contains(&output), "{case:?}");
        }
        assert!(!open.contains("4993"));
    }
}
