//! How the loss fell.

use std::fmt::Write;

use super::{escaped, short};
use crate::Loss;
use crate::search::Statistics;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const MARGIN: f64 = 56.0;

/// What a curve is drawn in: generations across, losses up from 0.
struct Frame {
    first: u32,
    last: u32,
    /// The loss at the upper edge.
    most: f64,
}

impl Frame {
    fn of(history: &[Statistics]) -> Option<Self> {
        let (first, last) = (history.first()?, history.last()?);
        // The best never gets worse, so the first that is no failure is the largest.
        let losses = history.iter().map(|of| of.best);
        let most = losses.filter(|loss| *loss < Loss::WORST).max()?.value();
        Some(Self {
            first: first.generation,
            last: last.generation,
            // What is right from the first on is drawn at the lower edge.
            most: if most > 0.0 { most } else { 1.0 },
        })
    }

    /// How far to the right a generation is, from 0 to 1.
    fn across(&self, generation: u32) -> f64 {
        let all = self.last.saturating_sub(self.first).max(1);
        f64::from(generation.saturating_sub(self.first)) / f64::from(all)
    }

    /// How far up a loss is, from 0 to 1; none beyond the upper edge.
    fn up(&self, loss: Loss) -> Option<f64> {
        let share = loss.value() / self.most;
        (share <= 1.0).then_some(share)
    }
}

/// The best and the median loss over the generations of `history`, as an SVG image. Losses above
/// the first best one are left out.
pub fn curve_svg(title: &str, history: &[Statistics]) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = draw(&mut text, title, history);
    text
}

fn draw(text: &mut String, title: &str, history: &[Statistics]) -> std::fmt::Result {
    writeln!(
        text,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">"#
    )?;
    writeln!(text, "<title>{}</title>", escaped(title))?;
    if let Some(frame) = Frame::of(history) {
        let (left, right, low, high) = (MARGIN, WIDTH - MARGIN, HEIGHT - MARGIN, MARGIN);
        writeln!(
            text,
            r##"<path d="M{left} {high}V{low}H{right}" fill="none" stroke="#57606a"/>"##
        )?;
        let label = |x: f64, y: f64, anchor: &str, label: &str| {
            format!(
                "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"#57606a\">{label}</text>\n"
            )
        };
        let most = short(Loss::or_worst(frame.most));
        text.push_str(&label(left - 6.0, high + 4.0, "end", &most));
        text.push_str(&label(left - 6.0, low + 4.0, "end", "0"));
        text.push_str(&label(left, low + 18.0, "middle", &frame.first.to_string()));
        text.push_str(&label(right, low + 18.0, "middle", &frame.last.to_string()));
        line(text, &frame, history, |of| of.median, "#8c959f", "median")?;
        line(text, &frame, history, |of| of.best, "#0969da", "best")?;
        if let Some(last) = history.last() {
            let best = format!("best {}", short(last.best));
            text.push_str(&label(right, high - 10.0, "end", &best));
        }
    }
    text.push_str("</svg>\n");
    Ok(())
}

fn line(
    text: &mut String,
    frame: &Frame,
    history: &[Statistics],
    loss: fn(&Statistics) -> Loss,
    colour: &str,
    name: &str,
) -> std::fmt::Result {
    let mut path = String::new();
    let mut pen = 'M';
    for of in history {
        let Some(up) = frame.up(loss(of)) else {
            pen = 'M';
            continue;
        };
        let x = MARGIN + frame.across(of.generation) * (WIDTH - 2.0 * MARGIN);
        let y = HEIGHT - MARGIN - up * (HEIGHT - 2.0 * MARGIN);
        write!(path, "{pen}{x:.1} {y:.1}")?;
        pen = 'L';
    }
    writeln!(
        text,
        r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"><title>{name}</title></path>"#
    )
}

/// The same as lines of text, `width` and `height` characters for the curves: `*` the best, `.` the
/// median. Empty if nobody was ever without failure.
pub fn curve_text(history: &[Statistics], width: usize, height: usize) -> String {
    let Some(frame) = Frame::of(history) else {
        return String::new();
    };
    let (width, height) = (width.max(2), height.max(2));
    let mut cells = vec![vec![' '; width]; height];
    let mut mark = |loss: fn(&Statistics) -> Loss, mark: char| {
        for of in history {
            if let Some(up) = frame.up(loss(of)) {
                let column = nearest(frame.across(of.generation), width);
                let row = height - 1 - nearest(up, height);
                cells[row][column] = mark;
            }
        }
    };
    mark(|of| of.median, '.');
    mark(|of| of.best, '*');
    let most = short(Loss::or_worst(frame.most));
    let margin = most.len();
    let mut text = String::new();
    for (at, row) in cells.iter().enumerate() {
        let label = match at {
            0 => most.as_str(),
            at if at + 1 == height => "0",
            _ => "",
        };
        let row: String = row.iter().collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{label:>margin$} |{}", row.trim_end());
    }
    let (first, last) = (frame.first.to_string(), frame.last.to_string());
    let gap = width.saturating_sub(first.len() + last.len());
    let _ = writeln!(text, "{:margin$} +{}", "", "-".repeat(width));
    let _ = writeln!(text, "{:margin$}  {first}{}{last}", "", " ".repeat(gap));
    text
}

/// Which of `places` is nearest to a share from 0 to 1.
fn nearest(share: f64, places: usize) -> usize {
    let last = u32::try_from(places - 1).unwrap_or(u32::MAX);
    let place = (share * f64::from(last)).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to the last place"
    )]
    let place = place as usize;
    place.min(places - 1)
}
