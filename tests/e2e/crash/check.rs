//! What must hold of a run that came to its end.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tdev_domain::{
    Answer, Effect, EffectClass, EffectErrorKind, Invocation, InvocationId, InvocationStatus,
};
use tdev_invocation::Journal;

use crate::lane::Lane;
use crate::recorder::Recorded;
use crate::rig::Rig;
use crate::run::Finished;

/// An agent, and the tools it called in order.
type Shape = (String, Vec<String>);

/// What must be the same in every run, however it is disturbed.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) ending: Value,
    shapes: Vec<Shape>,
    /// The labels of all posts, in order of the alphabet.
    pub(crate) posts: Vec<String>,
    pub(crate) events: Vec<String>,
}

/// A run as it stands in the store.
struct Stored {
    /// Those that ended by themselves.
    ended: Vec<InvocationId>,
    shapes: Vec<Shape>,
    /// All effects of all invocations, by key.
    effects: BTreeMap<String, Effect>,
}

/// Checks a run by itself, and returns what it is to have in common with others.
pub(crate) fn check(rig: &mut Rig<'_>, run: &Finished) -> Result<Seen> {
    let stored = stored(rig, &run.invocations)?;
    let recorded = rig.recorder.collect();
    ledger_and_world(&stored, &recorded, run)?;
    let events = events(rig, &stored, run)?;
    for invocation in &stored.ended {
        rig.replay(invocation)?;
    }
    let posted = recorded.values().filter(|one| one.method == "POST");
    let mut posts: Vec<_> = posted.map(|one| one.label().to_owned()).collect();
    posts.sort();
    Ok(Seen {
        ending: run.ending.clone(),
        shapes: stored.shapes,
        posts,
        events,
    })
}

/// Reads everything, and checks that nothing is left to do.
fn stored(rig: &Rig<'_>, invocations: &[InvocationId]) -> Result<Stored> {
    let mut ended = Vec::new();
    let mut shapes = Vec::new();
    let mut effects = BTreeMap::new();
    for id in invocations {
        let record = rig.runtime.block_on(rig.journal.load(id))?;
        let record = record.with_context(|| format!("{id} is lost"))?;
        ensure!(record.status.is_final(), "it has not ended: {record:#?}");
        ensure!(
            record.pending.is_none() && record.snapshot.is_none(),
            "left behind: {record:#?}"
        );
        let ledger = rig.runtime.block_on(rig.journal.ledger(id))?;
        let numbers: Vec<u32> = ledger.iter().map(|effect| effect.number).collect();
        let expected: Vec<u32> = (1..record.next_effect).collect();
        ensure!(numbers == expected, "the ledger of {id} has {numbers:?}");
        let tools = ledger.iter().map(|effect| effect.call.tool.clone());
        shapes.push((agent(&record), tools.collect()));
        for effect in ledger {
            let key = record.effect_key(effect.number).to_string();
            effects.insert(key, effect);
        }
        if record.status != InvocationStatus::Cancelled {
            ended.push(id.clone());
        }
    }
    shapes.sort();
    Ok(Stored {
        ended,
        shapes,
        effects,
    })
}

/// The name of its agent, without the number by which each run of the corpus has another.
fn agent(record: &Invocation) -> String {
    let name = record.callee.agent.as_str();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    name.trim_end_matches('-').to_owned()
}

fn is_unknown(answer: &Answer) -> bool {
    matches!(answer, Answer::Error(error) if error.kind == EffectErrorKind::OutcomeUnknown)
}

/// Holds what the outside world saw against what the ledgers say.
fn ledger_and_world(
    stored: &Stored,
    recorded: &BTreeMap<String, Recorded>,
    run: &Finished,
) -> Result<()> {
    let mut unknown = BTreeSet::new();
    for (key, effect) in &stored.effects {
        let seen = recorded.get(key);
        if is_unknown(&effect.answer) {
            unknown.insert(key.clone());
        } else if effect.call.tool.starts_with("http_") {
            let done = matches!(effect.answer, Answer::Value(_));
            ensure!(seen.is_some() == done, "{effect:#?} was seen as {seen:?}");
        }
        let Some(seen) = seen else { continue };
        let args = &effect.call.args;
        let asked = args["body"].as_str().unwrap_or_default() == seen.body;
        ensure!(asked && seen.consistent, "{effect:#?} was seen as {seen:?}");
        let repeatable = effect.class == EffectClass::Idempotent;
        let most = if repeatable {
            1 + run.kills + run.stalls
        } else {
            1
        };
        ensure!(
            seen.requests <= most,
            "{key} was seen {} times",
            seen.requests
        );
    }
    let stray: Vec<_> = recorded
        .keys()
        .filter(|key| !stored.effects.contains_key(*key))
        .collect();
    ensure!(stray.is_empty(), "no ledger knows of {stray:?}");
    // One that hung may have had its answer written after all.
    let told = unknown == run.interrupted || run.stalls > 0;
    ensure!(
        told && unknown.is_subset(&run.interrupted),
        "interrupted were {:?}, and unknown is {unknown:?}",
        run.interrupted
    );
    Ok(())
}

/// Holds what came over the bus against what the ledgers say. A bus delivers at least once, and a
/// worker that is lost before it hears of it puts an event twice: with the same key.
fn events(rig: &Rig<'_>, stored: &Stored, run: &Finished) -> Result<Vec<String>> {
    let emitted = |effect: &Effect| effect.call.tool == "emit";
    let emitted: BTreeMap<_, _> = stored.effects.iter().filter(|(_, e)| emitted(e)).collect();
    let came = if emitted.is_empty() {
        BTreeMap::new()
    } else {
        rig.stage.events(&rig.bus, emitted.len())?
    };
    ensure!(
        came.keys().eq(emitted.keys().copied()),
        "{emitted:#?} came as {came:#?}"
    );
    let mut names = Vec::new();
    let mut total = 0;
    for (key, events) in &came {
        let args = &emitted[key].call.args;
        for event in events {
            let same = event["detail-type"] == args["event"]
                && event["detail"]["detail"] == args["detail"];
            ensure!(same, "{args} came as {event}");
        }
        total += events.len();
        names.push(args["event"].as_str().unwrap_or_default().to_owned());
    }
    let most = came.len() + run.kills + run.stalls;
    ensure!(
        total <= most,
        "{total} events came instead of {}",
        came.len()
    );
    names.sort();
    Ok(names)
}

impl Seen {
    /// Checks the undisturbed run against what the corpus says.
    pub(crate) fn as_described(&self, lane: &Lane<'_>, run: &Finished) -> Result<()> {
        let specimen = lane.specimen;
        ensure!(
            self.ending == specimen.ends && self.posts == specimen.posts,
            "undisturbed it came to {self:#?}"
        );
        ensure!(
            run.writes.iter().any(|place| place == specimen.writes_to),
            "it wrote to {:?} alone",
            run.writes
        );
        Ok(())
    }

    /// Checks a disturbed run against the undisturbed one.
    pub(crate) fn like(&self, undisturbed: &Self, lane: &Lane<'_>, run: &Finished) -> Result<()> {
        let Some(unsure) = &lane.specimen.ends_unsure else {
            ensure!(self == undisturbed, "{self:#?} is not {undisturbed:#?}");
            return Ok(());
        };
        if run.interrupted.is_empty() || self == undisturbed && run.stalls > 0 {
            ensure!(self == undisturbed, "{self:#?} is not {undisturbed:#?}");
            return Ok(());
        }
        ensure!(self.ending == *unsure, "unsure it came to {self:#?}");
        if lane.specimen.looks() {
            ensure!(self.posts == undisturbed.posts, "{self:#?}");
        }
        let once: BTreeSet<_> = self.posts.iter().collect();
        let known = once.iter().all(|label| undisturbed.posts.contains(label));
        ensure!(known && once.len() == self.posts.len(), "{self:#?}");
        Ok(())
    }
}
