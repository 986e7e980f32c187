//! Of whom a champion comes.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{escaped, short};
use crate::search::Id;
use crate::search::lineage::{Entry, ancestors};

/// The most ancestors that are drawn; of more, the youngest.
const MOST: usize = 400;
/// The most that are drawn with their names.
const MOST_NAMED: usize = 60;
const MARGIN: usize = 20;

/// The sizes of an image, in pixels.
struct Sizes {
    width: usize,
    height: usize,
    /// From one generation to the next.
    across: usize,
    /// From one of a generation to the next.
    down: usize,
    named: bool,
}

const NAMED: Sizes = Sizes {
    width: 132,
    height: 40,
    across: 184,
    down: 56,
    named: true,
};

const COMPACT: Sizes = Sizes {
    width: 10,
    height: 10,
    across: 28,
    down: 16,
    named: false,
};

/// The ancestors of `champion` as an SVG image, from the agent's own block on the left to the
/// champion on the right, those of a generation below each other. Above 60 they are drawn small,
/// with their names shown when they are pointed at; above 400 only the youngest are drawn.
pub fn ancestry_svg(title: &str, entries: &[Entry], champion: Id) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = draw(&mut text, title, entries, champion);
    text
}

fn draw(text: &mut String, title: &str, entries: &[Entry], champion: Id) -> std::fmt::Result {
    let all = ancestors(entries, champion);
    let drawn = &all[all.len().saturating_sub(MOST)..];
    let sizes = if drawn.len() <= MOST_NAMED {
        NAMED
    } else {
        COMPACT
    };
    let places = places(drawn);
    let extent = |of: fn(&(usize, usize)) -> usize| places.values().map(of).max().unwrap_or(0);
    let width = 2 * MARGIN + extent(|place| place.0) * sizes.across + sizes.width;
    let height = 2 * MARGIN + extent(|place| place.1) * sizes.down + sizes.height;
    writeln!(
        text,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif" font-size="12">"#
    )?;
    writeln!(text, "<title>{}</title>", escaped(title))?;
    let corner = |id: &Id| {
        let place = places.get(id);
        place.map(|(x, y)| (MARGIN + x * sizes.across, MARGIN + y * sizes.down))
    };
    for entry in drawn {
        for parent in &entry.parents {
            if let (Some(from), Some(to)) = (corner(parent), corner(&entry.id)) {
                line(text, &sizes, from, to)?;
            }
        }
    }
    for entry in drawn {
        if let Some(place) = corner(&entry.id) {
            shape(text, &sizes, entry, place, entry.id == champion)?;
        }
    }
    if drawn.len() < all.len() {
        let left_out = all.len() - drawn.len();
        writeln!(
            text,
            "<desc>{left_out} elder ancestors are left out.</desc>"
        )?;
    }
    text.push_str("</svg>\n");
    Ok(())
}

/// The column and row of each, a column for every generation that somebody is of.
fn places(drawn: &[&Entry]) -> BTreeMap<Id, (usize, usize)> {
    let mut places = BTreeMap::new();
    let generations = drawn.chunk_by(|a, b| a.id.generation == b.id.generation);
    for (column, generation) in generations.enumerate() {
        for (row, entry) in generation.iter().enumerate() {
            places.insert(entry.id, (column, row));
        }
    }
    places
}

fn line(
    text: &mut String,
    sizes: &Sizes,
    from: (usize, usize),
    to: (usize, usize),
) -> std::fmt::Result {
    let (x1, y1) = (from.0 + sizes.width, from.1 + sizes.height / 2);
    let (x2, y2) = (to.0, to.1 + sizes.height / 2);
    let bend = (sizes.across - sizes.width) / 2;
    let (c1, c2) = (x1 + bend, x2.saturating_sub(bend));
    writeln!(
        text,
        r##"<path d="M{x1} {y1}C{c1} {y1} {c2} {y2} {x2} {y2}" fill="none" stroke="#57606a"/>"##
    )
}

fn shape(
    text: &mut String,
    sizes: &Sizes,
    entry: &Entry,
    (x, y): (usize, usize),
    is_champion: bool,
) -> std::fmt::Result {
    let (width, height) = (sizes.width, sizes.height);
    let (fill, stroke) = if is_champion {
        ("#dafbe1", "#1a7f37")
    } else {
        ("#f6f8fa", "#57606a")
    };
    let operator = escaped(&entry.operator);
    let loss = short(entry.loss);
    let block = entry.block.to_string();
    write!(
        text,
        r#"<g><title>{} by {operator} on island {}, loss {loss}, block {}</title><rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3" fill="{fill}" stroke="{stroke}"/>"#,
        entry.id,
        entry.island,
        &block[..12],
    )?;
    if sizes.named {
        let middle = x + width / 2;
        let name: String = entry.operator.chars().take(20).collect();
        write!(
            text,
            r##"<text x="{middle}" y="{}" text-anchor="middle">{}: {loss}</text><text x="{middle}" y="{}" text-anchor="middle" font-size="10" fill="#57606a">{}</text>"##,
            y + 17,
            entry.id,
            y + 32,
            escaped(&name),
        )?;
    }
    text.push_str("</g>\n");
    Ok(())
}
