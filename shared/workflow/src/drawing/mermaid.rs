//! As Mermaid's text.

use std::fmt::Write;

use super::{Drawing, DrawnNode, colours, shortened};
use crate::definition::DependencyKind;

impl Drawing {
    /// The graph as a flowchart in Mermaid's language.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        // Writing to a string does not fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        for (place, node) in self.nodes.iter().enumerate() {
            let (open, close) = brackets(node);
            let id = escaped(node.id.as_str());
            let below = if node.detail.is_empty() {
                node.kind
            } else {
                &node.detail
            };
            writeln!(
                text,
                "  n{place}{open}\"{id}<br/>{}\"{close}",
                escaped(below)
            )?;
        }
        for edge in &self.edges {
            let line = match edge.kind {
                DependencyKind::Hard => "-->",
                DependencyKind::Soft => "-.->",
            };
            let (from, to) = edge.ends;
            match &edge.label {
                Some(label) => {
                    let label = escaped(&shortened(label, 40));
                    writeln!(text, "  n{from} {line}|\"{label}\"| n{to}")?;
                }
                None => writeln!(text, "  n{from} {line} n{to}")?,
            }
        }
        for (place, node) in self.nodes.iter().enumerate() {
            if node.status.is_some() {
                let (fill, line) = colours(node.status);
                writeln!(text, "  style n{place} fill:{fill},stroke:{line}")?;
            }
        }
        Ok(())
    }
}

/// The brackets that give a node the shape of its kind.
fn brackets(node: &DrawnNode) -> (&'static str, &'static str) {
    match node.kind {
        "choice" => ("{", "}"),
        "map" | "workflow" => ("[[", "]]"),
        "wait" => ("([", "])"),
        "approval" => ("[/", "/]"),
        _ => ("[", "]"),
    }
}

/// `text` within a quoted label: whatever has a meaning there becomes a character's number.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',' | ':' | '…') {
            escaped.push(c);
        } else {
            let _ = write!(escaped, "#{};", u32::from(c));
        }
    }
    escaped
}
