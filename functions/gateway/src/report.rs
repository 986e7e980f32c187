//! What analysis and probe found out, as the API shows it.

use serde::Serialize;
use tdev_domain::{
    AgentFailure, AnalysisMethod, Completed, ExampleResult, ExampleRun, FailureKind, Finding,
    Outcome, ProbeReport, Quality, QualityPart, Report, Severity,
};
use utoipa::ToSchema;

use crate::manifest::ExampleBody;
use crate::schemas::{failure_kinds, methods, severities};

/// What analysis and probe found out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Report)]
pub(crate) struct ReportView {
    /// How the agent was analysed: by rules alone, where no model is configured.
    #[schema(schema_with = methods)]
    method: AnalysisMethod,
    /// The findings, the gravest first.
    findings: Vec<FindingView>,
    /// What the sandbox measured; absent if the agent was not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    probe: Option<ProbeView>,
    /// How good the agent was judged to be; absent if it was rejected or not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    quality: Option<QualityView>,
}

/// One observation about an agent, with the place and the cure.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
pub(crate) struct FindingView {
    /// The rule's identifier, which never changes.
    #[schema(example = "SEC003")]
    rule: String,
    /// Its weight: `danger` quarantines the agent, `error` rejects it.
    #[schema(schema_with = severities)]
    severity: Severity,
    /// The line, from 1; absent where the finding is about the agent as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    line: Option<u32>,
    /// The column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    column: Option<u32>,
    /// What was found.
    message: String,
    /// What to do about it.
    advice: String,
    /// The source line, with a caret under the column.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    excerpt: Option<String>,
}

/// How good an agent was judged to be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quality)]
pub(crate) struct QualityView {
    /// From 0 to 100.
    #[schema(maximum = 100)]
    score: u8,
    /// What the score adds up from.
    parts: Vec<QualityPartView>,
}

/// One part of a quality score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QualityPart)]
pub(crate) struct QualityPartView {
    /// What was judged.
    #[schema(example = "documentation")]
    name: String,
    /// Points given.
    points: u8,
    /// Points there were to get.
    of: u8,
    /// Why.
    reason: String,
}

/// What the sandbox measured.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Probe)]
pub(crate) struct ProbeView {
    /// Compiling the source, in microseconds.
    compile_us: u64,
    /// Instantiating the agent and calling `get_capabilities()`, the fastest of several, in
    /// microseconds.
    describe_us: u64,
    /// Memory the compiled form holds, in bytes.
    compiled_bytes: u64,
    /// The examples, each run twice.
    examples: Vec<ExampleRunView>,
}

/// One example as it was run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExampleRun)]
pub(crate) struct ExampleRunView {
    /// The example as declared.
    example: ExampleBody,
    /// What the agent returned; absent if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<serde_json::Value>,
    /// How it failed; absent if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    failure: Option<FailureView>,
    /// Whether the second run ended the same way; absent if the example was not run to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    deterministic: Option<bool>,
    /// The tool at which the run was called off, since examples are run without effects.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    stopped_at: Option<&'static str>,
}

/// How a run of an agent failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Failure)]
pub(crate) struct FailureView {
    /// In which of the known ways.
    #[schema(schema_with = failure_kinds)]
    kind: FailureKind,
    /// What happened.
    message: String,
    /// The Python exception's type, where one was raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exception: Option<String>,
    /// The source line, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    line: Option<u32>,
    /// The source line's text with a caret, for errors of syntax.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    excerpt: Option<String>,
}

impl From<Report> for ReportView {
    fn from(report: Report) -> Self {
        Self {
            method: report.method,
            findings: report.findings.into_iter().map(FindingView::from).collect(),
            probe: report.probe.map(ProbeView::from),
            quality: report.quality.map(QualityView::from),
        }
    }
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        Self {
            rule: finding.rule,
            severity: finding.severity,
            line: finding.line,
            column: finding.column,
            message: finding.message,
            advice: finding.advice,
            excerpt: finding.excerpt,
        }
    }
}

impl From<Quality> for QualityView {
    fn from(quality: Quality) -> Self {
        Self {
            score: quality.score,
            parts: quality
                .parts
                .into_iter()
                .map(QualityPartView::from)
                .collect(),
        }
    }
}

impl From<QualityPart> for QualityPartView {
    fn from(part: QualityPart) -> Self {
        Self {
            name: part.name,
            points: part.points,
            of: part.of,
            reason: part.reason,
        }
    }
}

impl From<ProbeReport> for ProbeView {
    fn from(probe: ProbeReport) -> Self {
        Self {
            compile_us: probe.compile_us,
            describe_us: probe.describe_us,
            compiled_bytes: probe.compiled_bytes,
            examples: probe
                .examples
                .into_iter()
                .map(ExampleRunView::from)
                .collect(),
        }
    }
}

impl From<ExampleRun> for ExampleRunView {
    fn from(run: ExampleRun) -> Self {
        let mut view = Self {
            example: run.example.into(),
            output: None,
            failure: None,
            deterministic: None,
            stopped_at: None,
        };
        match run.result {
            ExampleResult::Ended {
                outcome,
                deterministic,
            } => {
                view.deterministic = Some(deterministic);
                match outcome {
                    Outcome::Completed(Completed { output }) => view.output = Some(output),
                    Outcome::Failed(failure) => view.failure = Some(failure.into()),
                }
            }
            ExampleResult::Stopped { stopped_at } => view.stopped_at = Some(stopped_at.as_str()),
        }
        view
    }
}

impl From<AgentFailure> for FailureView {
    fn from(failure: AgentFailure) -> Self {
        Self {
            kind: failure.kind,
            message: failure.message,
            exception: failure.exception,
            line: failure.line,
            excerpt: failure.excerpt,
        }
    }
}
