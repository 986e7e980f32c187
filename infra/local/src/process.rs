//! Child processes: each leads a group of its own, is stopped as a whole, and is not left behind.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

use crate::progress::Step;

/// How long a process may take to stop by itself.
const PATIENCE: Duration = Duration::from_secs(15);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The groups that an interrupt ends: those of commands that are waited for.
static COMMANDS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Lets Ctrl-C, SIGTERM and SIGHUP end the command that is running and nothing else, so that
/// whoever waits for it goes on and clears up. Asked a second time, everything is killed at once.
pub(crate) fn watch_for_interrupts() -> Result<()> {
    ctrlc::set_handler(|| {
        let again = INTERRUPTED.swap(true, Ordering::SeqCst);
        let signal = if again { Signal::KILL } else { Signal::TERM };
        for group in commands().iter() {
            signal_group(*group, signal);
        }
    })
    .context("the interrupt handler could not be set")
}

/// Whether somebody asked to stop.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Fails once somebody asked to stop.
pub(crate) fn go_on() -> Result<()> {
    if is_interrupted() {
        bail!("interrupted");
    }
    Ok(())
}

/// Waits for `duration` or an interrupt.
pub(crate) fn pause(duration: Duration) -> Result<()> {
    let end = Instant::now() + duration;
    while Instant::now() < end {
        go_on()?;
        thread::sleep(Duration::from_millis(20).min(duration));
    }
    go_on()
}

/// Runs `command` to its end and hands every line it writes to `each`.
pub(crate) fn lines(mut command: Command, mut each: impl FnMut(&str)) -> Result<ExitStatus> {
    go_on()?;
    let name = program(&command);
    let (reader, writer) = std::io::pipe().context("no pipe")?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone().context("no pipe")?)
        .stderr(writer)
        .process_group(0);
    let mut child = command
        .spawn()
        .with_context(|| format!("{name} could not be started"))?;
    // The command holds the writing end; the reading below ends when nobody does.
    drop(command);
    let group = Group::of(&child);
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).context("reading")? > 0 {
        each(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
        line.clear();
    }
    let status = child
        .wait()
        .with_context(|| format!("waiting for {name}"))?;
    drop(group);
    go_on()?;
    Ok(status)
}

/// Runs `command` to its end, with what it writes in the file `log`.
///
/// Fails with the end of what it wrote if it does not succeed.
pub(crate) fn run(command: Command, log: &Path, step: &Step) -> Result<()> {
    let name = program(&command);
    let mut file = open_log(log)?;
    let mut tail = Tail::default();
    let status = lines(command, |line| {
        // The log is a courtesy; a full disk shows elsewhere.
        let _ = writeln!(file, "{line}");
        step.note(line);
        tail.push(line);
    })?;
    if !status.success() {
        bail!(
            "{name} failed ({status}), the whole of it in {}:\n{tail}",
            log.display()
        );
    }
    Ok(())
}

/// Runs `command` to its end and returns what it wrote, both streams as one, if it succeeds.
pub(crate) fn output(command: Command) -> Result<String> {
    let name = program(&command);
    let mut text = String::new();
    let status = lines(command, |line| {
        text.push_str(line);
        text.push('\n');
    })?;
    if !status.success() {
        bail!("{name} failed ({status}):\n{text}");
    }
    Ok(text)
}

fn program(command: &Command) -> String {
    let path = Path::new(command.get_program());
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// Opens a log to append to, and the folder it lies in.
pub(crate) fn open_log(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("{} could not be made", folder.display()))?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("{} could not be opened", path.display()))
}

/// The last lines something wrote.
#[derive(Debug, Default)]
pub(crate) struct Tail(Vec<String>);

impl Tail {
    const LINES: usize = 25;

    pub(crate) fn push(&mut self, line: &str) {
        if self.0.len() == Self::LINES {
            self.0.remove(0);
        }
        self.0.push(line.to_owned());
    }
}

impl std::fmt::Display for Tail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.0 {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// The group of a command that is waited for, known to the interrupt handler as long as this is.
struct Group(u32);

impl Group {
    fn of(child: &Child) -> Self {
        commands().insert(child.id());
        if is_interrupted() {
            signal_group(child.id(), Signal::TERM);
        }
        Self(child.id())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        commands().remove(&self.0);
    }
}

fn commands() -> MutexGuard<'static, BTreeSet<u32>> {
    COMMANDS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pid(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}

fn signal_group(id: u32, signal: Signal) {
    if let Some(pid) = pid(id) {
        // It may have ended in the meantime.
        let _ = kill_process_group(pid, signal);
    }
}

/// A process that serves until it is stopped, which dropping it does.
#[derive(Debug)]
pub(crate) struct Service {
    child: Option<Child>,
}

impl Service {
    /// Starts `command`, with what it writes in the file `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Self> {
        go_on()?;
        let name = program(&command);
        let file = open_log(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().context("the log could not be shared")?)
            .stderr(file)
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        Ok(Self { child: Some(child) })
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Waits until `is_ready`, for at most `patience`. Fails if the process ends or the time is
    /// over.
    pub(crate) fn wait_until(
        &mut self,
        patience: Duration,
        mut is_ready: impl FnMut() -> bool,
    ) -> Result<()> {
        let end = Instant::now() + patience;
        while !is_ready() {
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait()?
            {
                bail!("it ended at once ({status})");
            }
            if Instant::now() > end {
                bail!("it did not answer within {} s", patience.as_secs());
            }
            pause(Duration::from_millis(50))?;
        }
        Ok(())
    }

    /// Lets it go on when this process has ended.
    pub(crate) fn leave_running(mut self) {
        self.child = None;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let id = child.id();
        if let Some(pid) = pid(id) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let end = Instant::now() + PATIENCE;
        while matches!(child.try_wait(), Ok(None)) && Instant::now() < end {
            thread::sleep(Duration::from_millis(20));
        }
        // Whatever it had started and left.
        signal_group(id, Signal::KILL);
        let _ = child.wait();
    }
}

/// Stops a service that another run of this command started.
pub(crate) fn stop(id: u32) {
    let Some(pid) = pid(id) else { return };
    let _ = kill_process(pid, Signal::TERM);
    let end = Instant::now() + PATIENCE;
    while is_alive(id) && Instant::now() < end {
        thread::sleep(Duration::from_millis(20));
    }
    signal_group(id, Signal::KILL);
}

/// Whether there is such a process, and it is no zombie.
pub(crate) fn is_alive(id: u32) -> bool {
    pid(id).is_some_and(|pid| test_kill_process(pid).is_ok()) && !command_line(id).is_empty()
}

/// What a process was started as; empty if there is none.
pub(crate) fn command_line(id: u32) -> String {
    let Ok(bytes) = std::fs::read(format!("/proc/{id}/cmdline")) else {
        return String::new();
    };
    String::from_utf8_lossy(&bytes)
        .split('\0')
        .collect::<Vec<_>>()
        .join(" ")
        .trim()
        .to_owned()
}

/// The processes that have every one of these variables in the environment they were started with.
pub(crate) fn with_environment(variables: &[(&str, &str)]) -> Vec<u32> {
    let wanted: Vec<String> = variables
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let has_all = |id: &u32| {
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        let found: Vec<_> = environment.split(|byte| *byte == 0).collect();
        wanted
            .iter()
            .all(|variable| found.contains(&variable.as_bytes()))
    };
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(has_all)
        .collect()
}

/// Ends a process at once, with no chance to clear up. Says whether there was one.
pub(crate) fn kill(id: u32) -> bool {
    pid(id).is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn both_streams_are_read_to_their_end() {
        let text = output(shell("echo one; echo two >&2; printf three")).unwrap();
        assert_eq!(text, "one\ntwo\nthree\n");
    }

    #[test]
    fn a_failure_shows_the_end_of_the_log_and_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("deep/x.log");
        let script = "for i in $(seq 100); do echo line $i; done; exit 3";
        let error = run(shell(script), &log, &Step::start("test")).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("sh failed (exit status: 3)"), "{text}");
        assert!(text.contains(&log.display().to_string()), "{text}");
        assert!(
            text.contains("line 100") && !text.contains("line 75\n"),
            "{text}"
        );
        assert_eq!(std::fs::read_to_string(log).unwrap().lines().count(), 100);
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = output(Command::new("/nowhere/tdev-none")).unwrap_err();
        assert_eq!(error.to_string(), "tdev-none could not be started");
    }

    #[test]
    fn a_service_is_stopped_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut service = Service::start(shell("sleep 600 & echo $!; wait"), &log).unwrap();
        let started = || std::fs::read_to_string(&log).unwrap_or_default();
        service
            .wait_until(Duration::from_secs(10), || started().ends_with('\n'))
            .unwrap();
        let (parent, child): (u32, u32) = (service.id(), started().trim().parse().unwrap());
        // The shell says the number before its child has become `sleep`.
        let is_asleep = || command_line(child).starts_with("sleep 600");
        service
            .wait_until(Duration::from_secs(10), is_asleep)
            .unwrap();
        assert!(is_alive(parent) && is_alive(child));
        drop(service);
        let end = Instant::now() + PATIENCE;
        while is_alive(child) && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(!is_alive(parent) && !is_alive(child));
    }

    #[test]
    fn processes_are_found_by_their_environment_and_killed() {
        let value = std::process::id().to_string();
        let mut command = Command::new("sleep");
        command.arg("600").env("TDEV_TEST_MARK", &value);
        let mut child = command.spawn().unwrap();
        let found = || with_environment(&[("TDEV_TEST_MARK", &value)]);
        let end = Instant::now() + PATIENCE;
        while found() != [child.id()] && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(found(), [child.id()]);
        assert!(with_environment(&[("TDEV_TEST_MARK", "another")]).is_empty());
        assert!(kill(child.id()));
        assert!(!child.wait().unwrap().success());
    }

    #[test]
    fn a_service_that_ends_at_once_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut service = Service::start(shell("exit 7"), &folder.path().join("log")).unwrap();
        let error = service
            .wait_until(Duration::from_mins(10), || false)
            .unwrap_err();
        assert_eq!(error.to_string(), "it ended at once (exit status: 7)");
    }
}
