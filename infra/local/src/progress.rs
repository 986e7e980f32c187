//! What a person sees: results on standard output, and progress beside them on standard error.

use std::fmt::{Arguments, Display};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Prints a line of results. `false` once nobody reads them any more, which is no failure: the
/// rest of the work, clearing up above all, is still to be done.
pub(crate) fn print_line(line: Arguments<'_>) -> bool {
    writeln!(std::io::stdout().lock(), "{line}").is_ok()
}

/// As [`println!`], but for a reader who left.
macro_rules! say {
    ($($line:tt)*) => {
        {
            $crate::progress::print_line(format_args!($($line)*));
        }
    };
}
pub(crate) use say;

/// One thing being done: a spinner with the elapsed time on a terminal, a line at the start and
/// one at the end elsewhere. Dropped before it is done, it has failed.
pub(crate) struct Step {
    bar: Option<ProgressBar>,
    label: String,
    started: Instant,
    is_open: bool,
}

impl Step {
    /// Starts to show that `label` ("Building the functions") is going on.
    pub(crate) fn start(label: impl Into<String>) -> Self {
        let label = label.into();
        let bar = std::io::stderr()
            .is_terminal()
            .then(|| ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()));
        if let Some(bar) = &bar {
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}")
            {
                bar.set_style(style);
            }
            bar.set_prefix(label.clone());
            bar.enable_steady_tick(Duration::from_millis(120));
        } else {
            eprintln!("… {label}");
        }
        Self {
            bar,
            label,
            started: Instant::now(),
            is_open: true,
        }
    }

    /// Shows `line` beside the spinner, in place of the line before.
    pub(crate) fn note(&self, line: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(line.trim().to_owned());
        }
    }

    /// Ends it well.
    pub(crate) fn done(mut self) {
        self.end('✓');
    }

    fn end(&mut self, mark: char) {
        self.is_open = false;
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        eprintln!("{mark} {} ({})", self.label, Took(self.started.elapsed()));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if self.is_open {
            self.end('✗');
        }
    }
}

/// A duration as a person says it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took(pub(crate) Duration);

impl Display for Took {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0 => write!(f, "{} ms", self.0.as_millis()),
            1..60 => write!(f, "{:.1} s", self.0.as_secs_f64()),
            _ => write!(f, "{} min {} s", seconds / 60, seconds % 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_in_their_own_unit() {
        for (millis, said) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1.0 s"),
            (59_940, "59.9 s"),
            (60_000, "1 min 0 s"),
            (125_000, "2 min 5 s"),
        ] {
            assert_eq!(Took(Duration::from_millis(millis)).to_string(), said);
        }
    }
}
