//! A local AWS of one's own: a folder, a port and a MiniStack process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::aws::{self, ACCESS_KEY, REGION};
use crate::checkout::Checkout;
use crate::port;
use crate::process::{self, Service};
use crate::progress::Step;
use crate::tools::{Tools, Toolset};

/// Where the user's stack is, unless told otherwise.
pub(crate) const DEFAULT_PORT: u16 = 4510;

/// What of the environment the local AWS, and so every function, is started with. Nothing else
/// gets through: no credentials, no proxy, no log level meant for something else.
const INHERITED: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH"];

/// A stack's folder.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    folder: PathBuf,
    launcher: PathBuf,
    keeps_state: bool,
}

/// A process that serves a stack, as remembered in its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Instance {
    pub(crate) pid: u32,
    pub(crate) port: u16,
}

/// A stack that is served.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) port: u16,
    /// The process, if this run started it; dropping it stops it.
    service: Option<Service>,
    instance_file: PathBuf,
}

impl Stack {
    /// The user's own, whose state outlives a stop.
    pub(crate) fn of_user(checkout: &Checkout) -> Self {
        Self {
            folder: checkout.local().join("dev"),
            launcher: checkout.launcher(),
            keeps_state: true,
        }
    }

    /// The one that tests run against.
    pub(crate) fn of_tests(checkout: &Checkout) -> Self {
        Self {
            folder: checkout.local().join("test"),
            launcher: checkout.launcher(),
            keeps_state: false,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("ministack.log")
    }

    /// Deletes everything the stack holds.
    pub(crate) fn delete(&self) -> Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} is in use", self.folder.display()))
            }
            _ => Ok(()),
        }
    }

    fn instance_file(&self) -> PathBuf {
        self.folder.join("instance.json")
    }

    /// The process that serves the stack. One that has ended is forgotten.
    pub(crate) fn instance(&self) -> Option<Instance> {
        let file = self.instance_file();
        let instance: Instance = serde_json::from_slice(&fs::read(&file).ok()?).ok()?;
        // Its number may belong to another process by now.
        let is_ours =
            process::command_line(instance.pid).ends_with(&self.folder.display().to_string());
        if is_ours && process::is_alive(instance.pid) {
            return Some(instance);
        }
        let _ = fs::remove_file(file);
        None
    }

    /// Stops the process that serves the stack; tells whether there was one.
    pub(crate) fn stop(&self) -> bool {
        let Some(instance) = self.instance() else {
            return false;
        };
        process::stop(instance.pid);
        let _ = fs::remove_file(self.instance_file());
        true
    }

    /// Keeps every other run from starting or deploying to the stack as long as it is held.
    pub(crate) fn lock(&self) -> Result<fs::File> {
        let path = self.folder.with_extension("lock");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let lock = fs::File::create(path)?;
        if lock.try_lock().is_err() {
            bail!("another `cargo local` is at work on this stack: wait for it to end");
        }
        Ok(lock)
    }

    /// Whether the stack can be served on `port`. Asked before the long work, for an early answer.
    pub(crate) fn check_port(&self, port: u16) -> Result<()> {
        match self.instance() {
            Some(instance) if instance.port == port => Ok(()),
            _ => check_free(port),
        }
    }

    /// Serves the stack on `port`. If it is served already, and well, nothing is done.
    pub(crate) fn start(&self, tools: &Tools, port: u16) -> Result<Running> {
        if let Some(instance) = self.instance() {
            if is_healthy(instance.port) {
                if instance.port != port {
                    bail!(
                        "the stack is up on port {}: run `cargo local down` first to move it",
                        instance.port
                    );
                }
                return Ok(self.running(port, None));
            }
            // Neither dead nor alive: its end was not orderly.
            self.stop();
        }
        check_free(port)?;
        let step = Step::start(format!("Starting the local AWS on port {port}"));
        fs::create_dir_all(&self.folder)?;
        let _ = fs::remove_file(self.log());
        let mut service = Service::start(self.command(tools, port)?, &self.log())?;
        let instance = Instance {
            pid: service.id(),
            port,
        };
        fs::write(self.instance_file(), serde_json::to_vec(&instance)?)?;
        if let Err(error) = service.wait_until(Duration::from_mins(1), || is_healthy(port)) {
            process::go_on()?;
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            let mut tail = process::Tail::default();
            log.lines().for_each(|line| tail.push(line));
            bail!("the local AWS did not start: {error}\n{tail}");
        }
        step.done();
        Ok(self.running(port, Some(service)))
    }

    fn running(&self, port: u16, service: Option<Service>) -> Running {
        Running {
            port,
            service,
            instance_file: self.instance_file(),
        }
    }

    fn command(&self, tools: &Tools, port: u16) -> Result<Command> {
        let [state, objects, temporary] =
            ["state", "objects", "tmp"].map(|name| self.folder.join(name));
        for folder in [&state, &objects, &temporary] {
            fs::create_dir_all(folder)?;
        }
        let keeps_state = if self.keeps_state { "1" } else { "0" };
        let mut command = Command::new(tools.program(Toolset::Stack, "python"));
        command
            .arg(&self.launcher)
            .arg(&self.folder)
            .current_dir(&self.folder)
            .env_clear()
            .envs(
                INHERITED
                    .into_iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            // Functions act under their roles, and what a role does not allow is refused.
            .env("AUTH", "true")
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            .env("PERSIST_STATE", keeps_state)
            .env("S3_PERSIST", keeps_state)
            .env("STATE_DIR", state)
            .env("S3_DATA_DIR", objects)
            .env("TMPDIR", temporary)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // What the functions find everything by.
            .env("AWS_ENDPOINT_URL", aws::endpoint(port))
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", ACCESS_KEY);
        Ok(command)
    }
}

impl Running {
    /// Lets it go on when this command has ended.
    pub(crate) fn leave_running(mut self) {
        if let Some(service) = self.service.take() {
            service.leave_running();
        }
    }

    /// Whether this run started it.
    pub(crate) const fn is_ours(&self) -> bool {
        self.service.is_some()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(service) = self.service.take() {
            drop(service);
            let _ = fs::remove_file(&self.instance_file);
        }
    }
}

fn check_free(port: u16) -> Result<()> {
    if port::is_free(port) {
        return Ok(());
    }
    match port::holder(port) {
        Some((id, command)) => bail!(
            "port {port} is in use by process {id} ({command}): stop it, or choose another port \
             with --port"
        ),
        None => bail!("port {port} is in use: choose another with --port"),
    }
}

/// Whether a local AWS answers on `port`.
pub(crate) fn is_healthy(port: u16) -> bool {
    let url = format!("{}/_ministack/health", aws::endpoint(port));
    let answer = aws::http(Duration::from_secs(2)).get(url).call();
    answer.is_ok_and(|response| response.status().is_success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(folder: &Path) -> Stack {
        Stack {
            folder: folder.to_owned(),
            launcher: PathBuf::from("serve-ministack.py"),
            keeps_state: true,
        }
    }

    #[test]
    fn the_record_of_another_process_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let stack = stack(folder.path());
        assert_eq!(stack.instance(), None);
        // This process is alive, and serves no stack.
        let instance = Instance {
            pid: std::process::id(),
            port: 1,
        };
        fs::write(
            stack.instance_file(),
            serde_json::to_vec(&instance).unwrap(),
        )
        .unwrap();
        assert_eq!(stack.instance(), None);
        assert!(!stack.instance_file().exists());
        assert!(!stack.stop());
    }

    #[test]
    fn a_process_that_serves_the_folder_is_found_and_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let stack = stack(folder.path());
        let mut command = Command::new("sh");
        command
            .args(["-c", "while :; do sleep 1; done"])
            .arg(folder.path());
        let service = Service::start(command, &folder.path().join("log")).unwrap();
        // A process is there a moment before its command line is.
        while process::command_line(service.id()).is_empty() {
            std::thread::yield_now();
        }
        let instance = Instance {
            pid: service.id(),
            port: 1,
        };
        fs::write(
            stack.instance_file(),
            serde_json::to_vec(&instance).unwrap(),
        )
        .unwrap();
        assert_eq!(stack.instance(), Some(instance));
        assert!(stack.stop());
        assert_eq!(stack.instance(), None);
    }

    #[test]
    fn a_busy_port_is_refused_with_its_holder_and_the_cure() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = check_free(port).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("port {port} is in use by process")),
            "{error}"
        );
        assert!(
            error.ends_with("choose another port with --port"),
            "{error}"
        );
    }

    #[test]
    fn deleting_what_is_not_there_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let stack = stack(&folder.path().join("none"));
        stack.delete().unwrap();
    }
}
