//! Findings as they are collected.

use ruff_source_file::LineIndex;
use ruff_text_size::{TextRange, TextSize};
use tdev_domain::Finding;

use crate::rules::Rule;

/// The most findings kept of one rule: more of the same tell a reader nothing new.
const MAX_PER_RULE: usize = 20;

/// Collects findings and turns offsets into lines and columns.
pub(crate) struct Report {
    source: String,
    index: LineIndex,
    findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn new(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            index: LineIndex::from_source_text(source),
            findings: Vec::new(),
        }
    }

    /// Adds a finding at the start of `range`, unless its line already has one of the rule.
    pub(crate) fn add(&mut self, rule: &Rule, range: TextRange, message: impl Into<String>) {
        let (line, column) = self.place(range.start());
        self.push(Finding {
            line: Some(line),
            column: Some(column),
            ..finding(rule, message)
        });
    }

    /// Adds a finding with the source line and a caret, for errors a person must find.
    pub(crate) fn add_with_excerpt(
        &mut self,
        rule: &Rule,
        range: TextRange,
        message: impl Into<String>,
    ) {
        let (line, column) = self.place(range.start());
        self.push(Finding {
            line: Some(line),
            column: Some(column),
            excerpt: Some(self.excerpt(line, column)),
            ..finding(rule, message)
        });
    }

    /// Adds a finding about the agent as a whole.
    pub(crate) fn add_whole(&mut self, rule: &Rule, message: impl Into<String>) {
        self.push(finding(rule, message));
    }

    /// The line, from 1, that `offset` is on.
    pub(crate) fn line(&self, offset: TextSize) -> u32 {
        self.place(offset).0
    }

    /// The findings, gravest first, then by place.
    pub(crate) fn finish(self) -> Vec<Finding> {
        let mut findings = self.findings;
        sort(&mut findings);
        findings
    }

    fn push(&mut self, finding: Finding) {
        let of_rule = || self.findings.iter().filter(|f| f.rule == finding.rule);
        let repeated = finding.line.is_some() && of_rule().any(|f| f.line == finding.line);
        if !repeated && of_rule().count() < MAX_PER_RULE {
            self.findings.push(finding);
        }
    }

    /// The line and column, from 1, of an offset; an offset inside a character or past the end
    /// counts as the character or the end.
    fn place(&self, offset: TextSize) -> (u32, u32) {
        let offset = self.source.floor_char_boundary(offset.to_usize());
        let offset = TextSize::try_from(offset).unwrap_or_default();
        let place = self.index.line_column(offset, &self.source);
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (number(place.line.get()), number(place.column.get()))
    }

    /// The text of a line, shortened around the column, and a caret below the column.
    fn excerpt(&self, line: u32, column: u32) -> String {
        const BEFORE: usize = 60;
        const WIDTH: usize = 100;
        let text = self.source.trim_start_matches('\u{feff}');
        let text: Vec<char> = text
            .lines()
            .nth(line as usize - 1)
            .unwrap_or_default()
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let caret = (column as usize - 1).min(text.len());
        let start = caret.saturating_sub(BEFORE);
        let shown: String = text.iter().skip(start).take(WIDTH).collect();
        format!("{}\n{}^", shown.trim_end(), " ".repeat(caret - start))
    }
}

/// Sorts findings gravest first, then by place; those about the whole come before those with a
/// line.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| (a.line, a.column, &a.rule).cmp(&(b.line, b.column, &b.rule)))
    });
}

/// A finding without a place.
pub(crate) fn finding(rule: &Rule, message: impl Into<String>) -> Finding {
    Finding {
        rule: rule.id.to_owned(),
        severity: rule.severity,
        line: None,
        column: None,
        message: message.into(),
        advice: rule.advice.to_owned(),
        excerpt: None,
    }
}
