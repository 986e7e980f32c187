//! Reports, kept to a size that fits beside a registration in one item of the table.

use serde::Serialize;
use serde_json::Value;
use tdev_domain::limits::MAX_MANIFEST_BYTES;
use tdev_domain::{
    AnalysisMethod, Example, ExampleResult, Finding, Outcome, ProbeReport, Quality, Report,
    Severity,
};

/// The most findings a report shows.
const MAX_FINDINGS: usize = 100;
/// The most bytes of an example's input or output that a report shows.
const MAX_VALUE_BYTES: usize = 2 * 1024;

/// A report of `findings` in order, and of the probe if there was one.
pub(crate) fn report(
    mut findings: Vec<Finding>,
    probe: Option<ProbeReport>,
    quality: Option<Quality>,
) -> Report {
    sort(&mut findings);
    findings.truncate(MAX_FINDINGS);
    Report {
        method: AnalysisMethod::Static,
        findings,
        probe: probe.map(shown),
        quality,
    }
}

/// Sorts findings gravest first, then by place.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let place = |f: &Finding| (f.line, f.column);
        b.severity
            .cmp(&a.severity)
            .then_with(|| place(a).cmp(&place(b)))
            .then_with(|| a.rule.cmp(&b.rule))
    });
}

/// The gravest findings of one severity, first by place, counted.
pub(crate) fn of(findings: &[Finding], severity: Severity) -> Vec<&Finding> {
    let mut found: Vec<_> = findings.iter().filter(|f| f.severity == severity).collect();
    found.sort_by_key(|f| (f.line, f.column));
    found
}

/// How many bytes `value` has as JSON.
pub(crate) fn size(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX, |json| json.len())
}

/// The probe's report with what is too large to show taken out.
fn shown(mut probe: ProbeReport) -> ProbeReport {
    for run in &mut probe.examples {
        shorten_example(&mut run.example);
        if let ExampleResult::Ended {
            outcome: Outcome::Completed(completed),
            ..
        } = &mut run.result
        {
            shorten(&mut completed.output);
        }
    }
    for example in probe.declared.examples.iter_mut().flatten() {
        shorten_example(example);
    }
    if size(&probe.declared) > MAX_MANIFEST_BYTES {
        probe.declared = tdev_domain::ManifestDraft::default();
    }
    probe
}

fn shorten_example(example: &mut Example) {
    shorten(&mut example.input);
    if let Some(output) = &mut example.output {
        shorten(output);
    }
}

fn shorten(value: &mut Value) {
    let bytes = size(value);
    if bytes > MAX_VALUE_BYTES {
        *value = Value::String(format!("({bytes} bytes of JSON, not shown)"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tdev_domain::{Completed, ExampleRun, ManifestDraft};

    use super::*;

    #[test]
    fn the_largest_report_fits_beside_its_registration() {
        let large = json!("x".repeat(256 * 1024 - 2));
        let example = Example {
            input: large.clone(),
            output: Some(large.clone()),
        };
        let run = ExampleRun {
            example: example.clone(),
            result: ExampleResult::Ended {
                outcome: Outcome::Completed(Completed { output: large }),
                deterministic: true,
            },
        };
        let probe = ProbeReport {
            declared: ManifestDraft {
                description: Some("y".repeat(200_000)),
                examples: Some(vec![example; 16]),
                ..ManifestDraft::default()
            },
            compile_us: 1,
            describe_us: 1,
            compiled_bytes: 1,
            examples: vec![run; 16],
        };
        let finding = crate::finding::FIELD.finding(Severity::Error, "z".repeat(300));
        let report = report(vec![finding; 5_000], Some(probe), None);
        assert!(size(&report) < 200_000, "{}", size(&report));
        assert_eq!(
            report.probe.unwrap().examples[0].example.input,
            "(262144 bytes of JSON, not shown)"
        );
    }

    #[test]
    fn findings_are_the_gravest_first_then_by_place() {
        let at = |severity, line| Finding {
            line,
            ..crate::finding::FIELD.finding(severity, "")
        };
        let report = report(
            vec![
                at(Severity::Info, Some(1)),
                at(Severity::Error, Some(7)),
                at(Severity::Error, None),
                at(Severity::Error, Some(3)),
            ],
            None,
            None,
        );
        let order: Vec<_> = report
            .findings
            .iter()
            .map(|f| (f.severity, f.line))
            .collect();
        assert_eq!(
            order,
            [
                (Severity::Error, None),
                (Severity::Error, Some(3)),
                (Severity::Error, Some(7)),
                (Severity::Info, Some(1)),
            ]
        );
    }
}
