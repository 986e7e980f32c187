//! What becomes of a registration: decided from what was found out, without any effect.

use tdev_analysis::{Analysis, check_tools};
use tdev_domain::limits::MAX_MANIFEST_BYTES;
use tdev_domain::{
    AgentFailure, AgentName, FailureKind, Finding, Manifest, ManifestDraft, ProbeReport, Quality,
    Registration, Report, Severity,
};

use crate::examples::Schemas;
use crate::finding::{
    FIELD, LIMIT_REACHED, MANIFEST_SIZE, NAME, NOT_COMPILED, NOT_DESCRIBED, OUT_OF_BOUNDS, quoted,
};
use crate::quality::{count, quality};
use crate::report::{of, report, size};

/// What of a registration bears on the decision.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The name it is to be registered under.
    pub agent: &'a AgentName,
    /// What the client sent beside the source.
    pub submitted: &'a ManifestDraft,
    /// Whether a person has accepted its security findings.
    pub released: bool,
}

impl<'a> From<&'a Registration> for Subject<'a> {
    fn from(registration: &'a Registration) -> Self {
        Self {
            agent: &registration.agent,
            submitted: &registration.submitted,
            released: registration.release.is_some(),
        }
    }
}

/// What the probe came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Probed {
    /// It was measured.
    Measured(Box<ProbeReport>),
    /// The agent failed before it had described itself.
    Failed(AgentFailure),
    /// The process that ran it was killed or ran out of time.
    Died,
}

/// What becomes of a registration. A reason is for the person who registered the agent.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// It becomes a version with this manifest.
    Admit {
        /// What it can do and what it may use.
        manifest: Box<Manifest>,
        /// How good it is.
        quality: Quality,
        /// What was found out.
        report: Box<Report>,
    },
    /// It waits for a person.
    Quarantine {
        /// What was found out.
        report: Box<Report>,
        /// Why.
        reason: String,
    },
    /// It is refused.
    Reject {
        /// What was found out.
        report: Box<Report>,
        /// Why.
        reason: String,
    },
}

/// What follows from the source alone.
#[derive(Debug, Clone, PartialEq)]
pub enum Screening {
    /// It may be run.
    Probe,
    /// There is no need to run it, or no question of it.
    Settled(Decision),
}

/// Decides whether an analysed agent may be run at all.
#[must_use]
pub fn screen(subject: Subject<'_>, analysis: &Analysis) -> Screening {
    let mut findings = analysis.findings.clone();
    findings.extend(oversize(subject.submitted));
    refuse(subject, &findings, "; it was not run").map_or(Screening::Probe, |refusal| {
        Screening::Settled(refusal.decision(report(findings, None, None)))
    })
}

/// Decides about an agent that has been analysed and run.
#[must_use]
pub fn decide(subject: Subject<'_>, analysis: &Analysis, probed: Probed) -> Decision {
    let mut findings = analysis.findings.clone();
    let (probe, manifest) = match probed {
        Probed::Measured(probe) => {
            let manifest = examine(subject, analysis, &probe, &mut findings);
            (Some(*probe), manifest)
        }
        Probed::Failed(failure) => {
            findings.push(undescribed(&failure, subject.released));
            (None, None)
        }
        Probed::Died => {
            let message = "the process that ran it was killed or ran out of time";
            findings.push(OUT_OF_BOUNDS.finding(fatal(subject.released), message));
            (None, None)
        }
    };
    let refusal = refuse(subject, &findings, "");
    match (refusal, probe, manifest) {
        (None, Some(probe), Some(manifest)) => {
            let quality = quality(analysis, &manifest, &probe, &findings);
            let report = report(findings, Some(probe), Some(quality.clone()));
            Decision::Admit {
                manifest: Box::new(manifest),
                quality,
                report: Box::new(report),
            }
        }
        (refusal, probe, _) => refusal
            .unwrap_or_else(Refusal::without_manifest)
            .decision(report(findings, probe, None)),
    }
}

/// Why an agent is not admitted.
struct Refusal {
    for_good: bool,
    reason: String,
}

impl Refusal {
    fn without_manifest() -> Self {
        Self {
            for_good: true,
            reason: "it has no manifest".to_owned(),
        }
    }

    fn decision(self, report: Report) -> Decision {
        let (report, reason) = (Box::new(report), self.reason);
        if self.for_good {
            Decision::Reject { report, reason }
        } else {
            Decision::Quarantine { report, reason }
        }
    }
}

/// An error rejects, a security finding holds back unless it was accepted; else nothing speaks
/// against the agent.
fn refuse(subject: Subject<'_>, findings: &[Finding], unrun: &str) -> Option<Refusal> {
    let errors = of(findings, Severity::Error);
    if !errors.is_empty() {
        return Some(Refusal {
            for_good: true,
            reason: told("error", &errors),
        });
    }
    let dangers = of(findings, Severity::Danger);
    (!dangers.is_empty() && !subject.released).then(|| Refusal {
        for_good: false,
        reason: format!(
            "{}{unrun}; a person may release it",
            told("security finding", &dangers)
        ),
    })
}

/// How many there are, and the first of them with its place.
fn told(noun: &str, found: &[&Finding]) -> String {
    let all = count(found.len(), noun);
    let Some(first) = found.first() else {
        return all;
    };
    let which = if found.len() == 1 { "" } else { ", the first" };
    let line = first.line.map(|line| format!(" on line {line}"));
    let message = quoted(&first.message);
    format!("{all}{which}{}: {message}", line.unwrap_or_default())
}

/// The severity of what no agent should do; once that was accepted, what is left is that it does
/// not work.
fn fatal(released: bool) -> Severity {
    if released {
        Severity::Error
    } else {
        Severity::Danger
    }
}

fn oversize(manifest: &impl serde::Serialize) -> Option<Finding> {
    let bytes = size(manifest);
    (bytes > MAX_MANIFEST_BYTES).then(|| {
        let message =
            format!("the manifest has {bytes} bytes as JSON; the limit is {MAX_MANIFEST_BYTES}");
        MANIFEST_SIZE.finding(Severity::Error, message)
    })
}

/// The finding for an agent that failed before it had described itself.
fn undescribed(failure: &AgentFailure, released: bool) -> Finding {
    let what = "`get_capabilities()` failed";
    match failure.kind {
        FailureKind::InvalidSource => {
            NOT_COMPILED.failure(Severity::Error, "the source does not compile", failure)
        }
        FailureKind::InvalidManifest | FailureKind::OutputNotJson => {
            NOT_DESCRIBED.failure(Severity::Error, "the manifest cannot be read", failure)
        }
        FailureKind::Raised | FailureKind::InputTooLarge => {
            NOT_DESCRIBED.failure(Severity::Error, what, failure)
        }
        FailureKind::TimedOut
        | FailureKind::OutOfMemory
        | FailureKind::RecursionTooDeep
        | FailureKind::TooManyToolCalls
        | FailureKind::TooMuchLogged
        | FailureKind::OutputTooLarge => LIMIT_REACHED.failure(fatal(released), what, failure),
        FailureKind::Forbidden | FailureKind::Interpreter => {
            OUT_OF_BOUNDS.failure(fatal(released), what, failure)
        }
    }
}

/// Merges and checks the manifest, and judges the examples that were run. Returns the manifest if
/// there is one.
fn examine(
    subject: Subject<'_>,
    analysis: &Analysis,
    probe: &ProbeReport,
    findings: &mut Vec<Finding>,
) -> Option<Manifest> {
    findings.extend(misnamed(subject, &probe.declared));
    let merged = Manifest::merge(probe.declared.clone(), subject.submitted.clone());
    let manifest = match merged {
        Ok(manifest) => manifest,
        Err(problems) => {
            findings.extend(problems.iter().map(|problem| {
                let message = format!("`{}`: expected {}", problem.field, problem.expected);
                FIELD.finding(Severity::Error, message)
            }));
            return None;
        }
    };
    findings.extend(oversize(&manifest));
    findings.extend(check_tools(analysis, &manifest.tools));
    let schemas = Schemas::of(&manifest, findings);
    findings.extend(schemas.check_examples(&manifest));
    for (number, run) in (1..).zip(&probe.examples) {
        findings.extend(schemas.check_run(number, run, subject.released));
    }
    Some(manifest)
}

/// A name in either manifest must be the one the agent is registered under.
fn misnamed(subject: Subject<'_>, declared: &ManifestDraft) -> Vec<Finding> {
    let registered = subject.agent;
    [("the code", declared), ("the manifest", subject.submitted)]
        .into_iter()
        .filter_map(|(who, draft)| Some((who, draft.name.as_deref()?)))
        .filter(|(_, name)| *name != registered.as_str())
        .map(|(who, name)| {
            let name = quoted(name);
            let message =
                format!("{who} names the agent `{name}`, but it is registered as `{registered}`");
            NAME.finding(Severity::Error, message)
        })
        .collect()
}

#[cfg(test)]
mod tests;
