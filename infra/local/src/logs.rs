//! `cargo local logs`: what a function wrote.

use std::time::Duration;

use anyhow::Result;

use crate::aws::{Aws, LogEvent};
use crate::process;
use crate::progress::print_line;

/// Prints the log of `function`; goes on with what is added if `follow`, until interrupted.
pub(crate) fn print(aws: &Aws, function: &str, follow: bool) -> Result<()> {
    let group = format!("/aws/lambda/{function}");
    let mut seen = Seen::default();
    loop {
        for event in seen.new_ones(aws.log_events(&group, seen.last)?) {
            if !print_line(format_args!("{}", event.message.trim_end())) {
                return Ok(());
            }
        }
        if !follow || process::pause(Duration::from_millis(500)).is_err() {
            return Ok(());
        }
    }
}

/// How far a log was read: the last timestamp, and how many events had it.
#[derive(Debug, Default)]
struct Seen {
    last: i64,
    at_last: usize,
}

impl Seen {
    /// Of `events`, read from the last timestamp on, those that were not there before.
    fn new_ones(&mut self, events: Vec<LogEvent>) -> Vec<LogEvent> {
        let known = self.at_last;
        let last = self.last;
        let mut skipped = 0;
        let fresh: Vec<_> = events
            .into_iter()
            .filter(|event| {
                let is_known = event.timestamp == last && skipped < known;
                skipped += usize::from(is_known);
                !is_known
            })
            .collect();
        for event in &fresh {
            if event.timestamp > self.last {
                self.last = event.timestamp;
                self.at_last = 0;
            }
            self.at_last += usize::from(event.timestamp == self.last);
        }
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(timestamp: i64, message: &str) -> LogEvent {
        LogEvent {
            timestamp,
            message: message.to_owned(),
        }
    }

    #[test]
    fn each_event_is_new_once() {
        let mut seen = Seen::default();
        let mut read = |events: &[(i64, &str)]| -> Vec<String> {
            let events = events.iter().map(|(at, text)| event(*at, text)).collect();
            let fresh = seen.new_ones(events);
            fresh.into_iter().map(|event| event.message).collect()
        };
        assert_eq!(read(&[(1, "a"), (2, "b"), (2, "c")]), ["a", "b", "c"]);
        assert_eq!(read(&[(2, "b"), (2, "c")]), Vec::<String>::new());
        assert_eq!(read(&[(2, "b"), (2, "c"), (2, "d"), (3, "e")]), ["d", "e"]);
        assert_eq!(read(&[(3, "e")]), Vec::<String>::new());
    }
}
