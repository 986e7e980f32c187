//! As an SVG image that needs nothing else.

use std::fmt::Write;

use super::layout::{Place, places};
use super::{Drawing, DrawnNode, colours, shortened};
use crate::definition::DependencyKind;

/// The most steps that are drawn with their names.
const MOST_NAMED: usize = 200;

/// The most lines of one image.
const MOST_LINES: usize = 20_000;

/// The sizes of an image, in pixels.
struct Sizes {
    width: usize,
    height: usize,
    /// From one column to the next.
    across: usize,
    /// From one row to the next.
    down: usize,
    named: bool,
}

const NAMED: Sizes = Sizes {
    width: 168,
    height: 44,
    across: 240,
    down: 64,
    named: true,
};

const COMPACT: Sizes = Sizes {
    width: 10,
    height: 10,
    across: 26,
    down: 14,
    named: false,
};

const MARGIN: usize = 20;

impl Drawing {
    /// The graph as an SVG image, from left to right. Above 200 steps they are drawn small, and
    /// their names are seen when they are pointed at.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.draw(&mut text);
        text
    }

    fn draw(&self, text: &mut String) -> std::fmt::Result {
        let sizes = if self.nodes.len() <= MOST_NAMED {
            NAMED
        } else {
            COMPACT
        };
        let places = places(self.nodes.len(), &self.edges);
        let extent = |of: fn(&Place) -> usize| places.iter().map(of).max().unwrap_or(0);
        let width = 2 * MARGIN + extent(|p| p.0) * sizes.across + sizes.width;
        let height = 2 * MARGIN + extent(|p| p.1) * sizes.down + sizes.height;
        writeln!(
            text,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif" font-size="13">"#
        )?;
        writeln!(text, "<title>{}</title>", escaped(self.name.as_str()))?;
        text.push_str(ARROW);
        for edge in self.edges.iter().take(MOST_LINES) {
            let (from, to) = (places[edge.ends.0], places[edge.ends.1]);
            line(text, &sizes, from, to, edge.kind, edge.label.as_deref())?;
        }
        for (node, place) in self.nodes.iter().zip(&places) {
            shape(text, &sizes, node, *place)?;
        }
        if self.edges.len() > MOST_LINES {
            let left_out = self.edges.len() - MOST_LINES;
            writeln!(text, "<desc>{left_out} lines are left out.</desc>")?;
        }
        text.push_str("</svg>\n");
        Ok(())
    }
}

const ARROW: &str = concat!(
    r#"<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" "#,
    r##"markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#57606a"/></marker></defs>"##,
    "\n"
);

fn corner(sizes: &Sizes, (column, row): Place) -> (usize, usize) {
    (MARGIN + column * sizes.across, MARGIN + row * sizes.down)
}

fn line(
    text: &mut String,
    sizes: &Sizes,
    from: Place,
    to: Place,
    kind: DependencyKind,
    label: Option<&str>,
) -> std::fmt::Result {
    let (x1, y1) = corner(sizes, from);
    let (x2, y2) = corner(sizes, to);
    let (x1, y1, y2) = (
        x1 + sizes.width,
        y1 + sizes.height / 2,
        y2 + sizes.height / 2,
    );
    let bend = (sizes.across - sizes.width) / 2;
    let (dashes, arrow) = match kind {
        DependencyKind::Hard => ("", r#" marker-end="url(#arrow)""#),
        DependencyKind::Soft => (r#" stroke-dasharray="4 3""#, r#" marker-end="url(#arrow)""#),
    };
    let arrow = if sizes.named { arrow } else { "" };
    let (c1, c2) = (x1 + bend, x2.saturating_sub(bend));
    write!(
        text,
        r##"<path d="M{x1} {y1}C{c1} {y1} {c2} {y2} {x2} {y2}" fill="none" stroke="#57606a"{dashes}{arrow}>"##
    )?;
    if let Some(label) = label {
        write!(text, "<title>{}</title>", escaped(&shortened(label, 400)))?;
    }
    text.push_str("</path>\n");
    if let Some(label) = label.filter(|_| sizes.named) {
        let label = escaped(&shortened(label, 11));
        let (x, y) = (x2.saturating_sub(8), y2.saturating_sub(6));
        writeln!(
            text,
            r##"<text x="{x}" y="{y}" font-size="10" text-anchor="end" fill="#57606a">{label}</text>"##
        )?;
    }
    Ok(())
}

fn shape(text: &mut String, sizes: &Sizes, node: &DrawnNode, place: Place) -> std::fmt::Result {
    let (x, y) = corner(sizes, place);
    let (width, height) = (sizes.width, sizes.height);
    let (fill, stroke) = colours(node.status);
    // What is no work has round ends.
    let radius = match node.kind {
        "choice" | "wait" | "approval" => height / 2,
        _ => height / 10,
    };
    let id = escaped(node.id.as_str());
    let status = node.status.map_or("", |status| status.as_str());
    let separator = if status.is_empty() { "" } else { ", " };
    write!(
        text,
        r#"<g><title>{id}: {} {}{separator}{status}</title><rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" fill="{fill}" stroke="{stroke}"/>"#,
        node.kind,
        escaped(&node.detail),
    )?;
    if sizes.named {
        let middle = x + width / 2;
        let below = match node.detail.as_str() {
            "" => node.kind,
            detail => detail,
        };
        write!(
            text,
            r##"<text x="{middle}" y="{}" text-anchor="middle">{}</text><text x="{middle}" y="{}" text-anchor="middle" font-size="11" fill="#57606a">{}</text>"##,
            y + 19,
            escaped(&shortened(node.id.as_str(), 22)),
            y + 35,
            escaped(&shortened(below, 26)),
        )?;
    }
    text.push_str("</g>\n");
    Ok(())
}

/// `text` as character data, or within quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no place for most of these.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
