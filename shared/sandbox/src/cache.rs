//! Compiled agents, kept for the next run.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use lru::LruCache;
use tdev_domain::{AgentFailure, ArtifactDigest, Source, Tool};

use crate::Program;

type Key = (ArtifactDigest, BTreeSet<Tool>);

/// The compiled agents that were used last, by artifact and granted tools.
#[derive(Debug)]
pub struct Programs {
    cached: Mutex<LruCache<Key, Program>>,
}

impl Programs {
    /// Room for `capacity` programs; the one unused for longest makes room for a new one.
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self {
            cached: Mutex::new(LruCache::new(capacity)),
        }
    }

    /// The program of an artifact, if it was compiled with these tools and is still kept.
    pub fn get(&self, artifact: &ArtifactDigest, tools: &BTreeSet<Tool>) -> Option<Program> {
        self.lock().get(&(artifact.clone(), tools.clone())).cloned()
    }

    /// The program of `source`, and how long compiling it took, in microseconds: 0 if it was kept.
    ///
    /// # Errors
    ///
    /// As [`Program::compile`]; failures are not kept.
    pub fn get_or_compile(
        &self,
        source: &Source,
        tools: &BTreeSet<Tool>,
    ) -> Result<(Program, u64), AgentFailure> {
        let artifact = source.digest();
        if let Some(program) = self.get(&artifact, tools) {
            return Ok((program, 0));
        }
        let start = Instant::now();
        let program = Program::compile(source, tools)?;
        let compile_us = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.lock().put((artifact, tools.clone()), program.clone());
        Ok((program, compile_us.max(1)))
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Key, Program>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::from_bytes(text.as_bytes()).unwrap()
    }

    fn programs(capacity: usize) -> Programs {
        Programs::new(NonZeroUsize::new(capacity).unwrap())
    }

    #[test]
    fn a_second_look_up_compiles_nothing() {
        let programs = programs(2);
        let (_, first) = programs
            .get_or_compile(&source("x = 1"), &BTreeSet::new())
            .unwrap();
        let (_, second) = programs
            .get_or_compile(&source("x = 1"), &BTreeSet::new())
            .unwrap();
        assert!(first > 0);
        assert_eq!(second, 0);
    }

    #[test]
    fn the_tools_are_part_of_the_key() {
        let programs = programs(2);
        let source = source("x = 1");
        programs.get_or_compile(&source, &BTreeSet::new()).unwrap();
        let log = BTreeSet::from([Tool::Log]);
        assert!(programs.get(&source.digest(), &log).is_none());
        assert!(programs.get(&source.digest(), &BTreeSet::new()).is_some());
    }

    #[test]
    fn the_one_unused_for_longest_goes_first() {
        let programs = programs(2);
        let none = BTreeSet::new();
        let [a, b, c] = ["x = 1", "x = 2", "x = 3"].map(source);
        programs.get_or_compile(&a, &none).unwrap();
        programs.get_or_compile(&b, &none).unwrap();
        programs.get_or_compile(&a, &none).unwrap();
        programs.get_or_compile(&c, &none).unwrap();
        assert!(programs.get(&a.digest(), &none).is_some());
        assert!(programs.get(&b.digest(), &none).is_none());
        assert!(programs.get(&c.digest(), &none).is_some());
    }

    #[test]
    fn a_failure_is_not_kept() {
        let programs = programs(1);
        assert!(
            programs
                .get_or_compile(&source("x ="), &BTreeSet::new())
                .is_err()
        );
        assert!(programs.lock().is_empty());
    }
}
