//! Gathering evidence.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use tdev_domain::{Capability, Source, Tool};
use tdev_program::{Budget, Program, Value};

use super::{
    CanaryResult, Capabilities, Comparison, Evidence, Failures, Origin, Pinned, Queries,
    RelationResult, Repeats, Size, literals,
};
use crate::problem::{Build, Canary, Case, Evaluator, Part, Probe, Problem, Workbench};
use crate::{Genome, Loss, Purpose, Rng, Scaffold};

/// How often a candidate is evaluated to see whether it has one score.
pub const REPEATS: u32 = 100;
/// On how many cases.
const REPEATED_CASES: usize = 8;
/// On how many cases relations are tried.
const RELATED_CASES: usize = 32;
/// What stands in the place of a capability whose name is taken from the data of the problem.
const WITHHELD: &str = "a name from the data of the problem";
/// The function in which an agent says what it can do.
const GET_CAPABILITIES: &str = "get_capabilities";

/// A candidate, and what it is examined by.
#[derive(Debug, Clone, Copy)]
pub struct Examination<'a> {
    /// The problem.
    pub problem: &'a Problem,
    /// The agent around its block.
    pub scaffold: &'a Scaffold,
    /// The agent's block.
    pub parent: &'a Genome,
    /// The candidate's block.
    pub candidate: &'a Genome,
    /// The cases of the search.
    pub train: &'a [Case],
    /// The cases that are held out.
    pub held_out: &'a [Case],
    /// Other distributions.
    pub canaries: &'a [Canary],
    /// The source of the agent that judges, if one does.
    pub scorer: Option<&'a Source>,
    /// The digest of the evaluator that the run began with.
    pub pinned: [u8; 32],
    /// The looks at what is held out so far. If there are any left, one is taken; the evidence
    /// has what is to be remembered.
    pub queries: Queries,
    /// Where the candidate comes from.
    pub origin: Origin,
    /// The share of the tenant's tasks that the agent gets, if it is known.
    pub traffic_share: Option<f64>,
}

impl Examination<'_> {
    /// Runs candidate and agent, and says what came of it.
    ///
    /// The evidence says nothing of agents' sandbox: its [`Evidence::sandbox_agrees`] is for
    /// whoever has one.
    ///
    /// # Errors
    ///
    /// [`Build`] if there is no evaluator of a part of the problem.
    pub fn examine(&self, bench: &mut Workbench) -> Result<Evidence, Build> {
        let judge = |part| self.problem.evaluator(self.scaffold, part, self.scorer);
        let train = judge(Part::Train(self.train))?;
        let is_pinned = train.digest() == self.pinned;
        let mut queries = self.queries;
        let mut evidence = Evidence {
            evaluator: Pinned {
                pinned: hex(self.pinned),
                observed: hex(train.digest()),
            },
            train: self.compare(&*train, bench).0,
            held_out: None,
            queries,
            failures: Failures::default(),
            canaries: Vec::new(),
            relations: Vec::new(),
            repeats: self.repeat(&*train, bench),
            capabilities: self.capabilities(bench),
            size: self.size(),
            text: self.text(),
            origin: self.origin,
            sandbox_agrees: None,
            traffic_share: self.traffic_share,
            baselines: Vec::new(),
            tolerance: self.problem.definition().tolerance,
            bound: self.problem.definition().bound,
        };
        let is_asked = is_pinned && queries.used < queries.allowed;
        if !is_asked {
            evidence.baselines = train.baselines(self.parent, bench);
            return Ok(evidence);
        }
        queries.used += 1;
        evidence.queries = queries;
        let held_out = judge(Part::HeldOut(self.held_out))?;
        let (losses, failures) = self.compare(&*held_out, bench);
        evidence.held_out = Some(losses);
        evidence.failures = failures;
        evidence.baselines = held_out.baselines(self.parent, bench);
        for canary in self.canaries {
            let losses = self.compare(&*judge(Part::Canary(canary))?, bench).0;
            let name = canary.name.clone();
            evidence.canaries.push(CanaryResult { name, losses });
        }
        evidence.relations = self.relations(bench)?;
        Ok(evidence)
    }

    fn compare(&self, judge: &dyn Evaluator, bench: &mut Workbench) -> (Comparison, Failures) {
        let all: Vec<u32> = (0..judge.cases()).collect();
        let mut of = |genome: &Genome| {
            let mut losses = Vec::with_capacity(all.len());
            judge.evaluate(genome, &all, bench, &mut losses);
            let failed = losses.iter().filter(|loss| **loss == Loss::WORST).count();
            (
                Loss::mean(&losses),
                u32::try_from(failed).unwrap_or(u32::MAX),
            )
        };
        let (parent, candidate) = (of(self.parent), of(self.candidate));
        let losses = Comparison {
            parent: parent.0,
            candidate: candidate.0,
        };
        let failures = Failures {
            parent: parent.1,
            candidate: candidate.1,
        };
        (losses, failures)
    }

    /// Evaluates again, on benches that are new and on one that has run other things, from the
    /// first case on and from the last.
    fn repeat(&self, judge: &dyn Evaluator, bench: &mut Workbench) -> Repeats {
        let mut cases: Vec<u32> = (0..judge.cases()).take(REPEATED_CASES).collect();
        let mut first = Vec::new();
        judge.evaluate(self.candidate, &cases, bench, &mut first);
        let mut again = Vec::new();
        let mut different = 0;
        for turn in 1..REPEATS {
            cases.reverse();
            let mut fresh = Workbench::default();
            let bench = if turn % 3 == 0 {
                &mut fresh
            } else {
                &mut *bench
            };
            if turn % 3 == 1 {
                judge.evaluate(self.parent, &cases, bench, &mut again);
            }
            judge.evaluate(self.candidate, &cases, bench, &mut again);
            if turn % 2 == 1 {
                again.reverse();
            }
            different += u32::from(again != first);
        }
        Repeats {
            evaluations: REPEATS,
            different,
        }
    }

    fn relations(&self, bench: &mut Workbench) -> Result<Vec<RelationResult>, Build> {
        let few = |cases: &[Case]| cases.len().min(RELATED_CASES);
        let cases = &self.held_out[..few(self.held_out)];
        let Some(probe) = Probe::of(self.problem, self.scaffold, cases)? else {
            return Ok(Vec::new());
        };
        let mut rng = Rng::keyed(0, 0, 0, Purpose::Split);
        let counts = probe.violations(self.candidate, cases, &mut rng, bench)?;
        let result = |(tried, broken)| RelationResult { tried, broken };
        Ok(counts.into_iter().map(result).collect())
    }

    fn capabilities(&self, bench: &mut Workbench) -> Option<Capabilities> {
        let parent = declared(self.scaffold, self.parent, bench)?;
        let candidate = declared(self.scaffold, self.candidate, bench)?;
        let allowed = &self.problem.definition().capabilities;
        let fresh = candidate.difference(&parent).cloned();
        let (added, forbidden): (_, Vec<String>) = fresh.partition(|name| allowed.contains(name));
        let data = self.data();
        let is_copied = |name: &String| literals::is_copied(name, &data);
        let (copied, forbidden): (Vec<String>, _) = forbidden.into_iter().partition(is_copied);
        let withheld = copied.iter().map(|_| WITHHELD.to_owned());
        Some(Capabilities {
            forbidden: withheld.chain(forbidden).collect(),
            added,
        })
    }

    fn size(&self) -> Size {
        let source = self.scaffold.source(self.candidate);
        Size {
            bytes: source.ok().map(|source| source.as_str().len()),
            nodes: self.candidate.size(),
            parent_nodes: self.parent.size(),
        }
    }

    /// All that the problem holds.
    fn data(&self) -> Vec<&[Case]> {
        let canaries = self.canaries.iter().map(|canary| &canary.cases[..]);
        [self.train, self.held_out]
            .into_iter()
            .chain(canaries)
            .collect()
    }

    fn text(&self) -> super::Text {
        literals::inspect(self.parent, self.candidate, &self.data())
    }
}

/// The capabilities that an agent declares, and the tools, these as `tool:name`. An agent without
/// such a function declares none. What is no name of a capability or of a tool is no declaration:
/// the text could be anything, and people read it.
fn declared(
    scaffold: &Scaffold,
    genome: &Genome,
    bench: &mut Workbench,
) -> Option<BTreeSet<String>> {
    let program = Program::compile(&scaffold.module(genome)).ok()?;
    let Some(entry) = program.entry(GET_CAPABILITIES) else {
        return Some(BTreeSet::new());
    };
    let said = program
        .run(&mut bench.machine, entry, &[], Budget::default())
        .ok()?;
    let Value::Dict(fields) = said else {
        return None;
    };
    let mut names = BTreeSet::new();
    for (field, prefix) in [("capabilities", ""), ("tools", "tool:")] {
        let is_it = |(key, _): &&(Value, Value)| matches!(key, Value::Str(key) if key == field);
        let Some((_, value)) = fields.iter().find(is_it) else {
            continue;
        };
        let Value::List(items) = value else {
            return None;
        };
        for item in items {
            let Value::Str(name) = item else {
                return None;
            };
            let is_name = if prefix.is_empty() {
                name.parse::<Capability>().is_ok()
            } else {
                name.parse::<Tool>().is_ok()
            };
            if !is_name {
                return None;
            }
            names.insert(format!("{prefix}{name}"));
        }
    }
    Some(names)
}

fn hex(digest: [u8; 32]) -> String {
    digest
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
