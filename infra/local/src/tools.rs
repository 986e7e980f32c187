//! The tools the local stack is made with, each set in a virtual environment of its own, since
//! they pin different versions of the same libraries.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::process;
use crate::progress::Step;
use crate::python::{self, Python};

/// A set of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolset {
    /// MiniStack, the local AWS.
    Stack,
    /// The SAM CLI, cargo-lambda and cfn-lint.
    Build,
    /// moto, the second local AWS that the conformance suite runs against.
    Test,
}

impl Toolset {
    const fn name(self) -> &'static str {
        match self {
            Self::Stack => "stack",
            Self::Build => "build",
            Self::Test => "test",
        }
    }

    /// What is asked for, and every version that brings in.
    const fn requirements(self) -> [&'static str; 2] {
        macro_rules! files {
            ($name:literal) => {
                [
                    include_str!(concat!("../requirements/", $name, ".txt")),
                    include_str!(concat!("../requirements/", $name, ".lock")),
                ]
            };
        }
        match self {
            Self::Stack => files!("stack"),
            Self::Build => files!("build"),
            Self::Test => files!("test"),
        }
    }
}

/// The installed tools.
#[derive(Debug)]
pub(crate) struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Installs what is missing of `sets` under `folder`. What is there already is not touched,
    /// and needs no network.
    pub(crate) fn install(folder: PathBuf, sets: &[Toolset]) -> Result<Self> {
        fs::create_dir_all(&folder)
            .with_context(|| format!("{} could not be made", folder.display()))?;
        let lock = fs::File::create(folder.join("lock"))?;
        lock.lock().context("waiting for another `cargo local`")?;
        let tools = Self { folder };
        let mut python = None;
        for &set in sets {
            if tools.is_installed(set) {
                continue;
            }
            let python = match &python {
                Some(python) => python,
                None => python.insert(python::find()?),
            };
            tools.make(set, python)?;
        }
        Ok(tools)
    }

    /// A program of a set.
    pub(crate) fn program(&self, set: Toolset, name: &str) -> PathBuf {
        self.bin(set).join(name)
    }

    /// `PATH` with the programs of a set first.
    pub(crate) fn path_with(&self, set: Toolset) -> Result<OsString> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.bin(set)).chain(std::env::split_paths(&path));
        std::env::join_paths(folders).context("the checkout's path has a ':' in it")
    }

    fn environment(&self, set: Toolset) -> PathBuf {
        self.folder.join(set.name())
    }

    fn bin(&self, set: Toolset) -> PathBuf {
        self.environment(set).join("bin")
    }

    fn stamp_file(&self, set: Toolset) -> PathBuf {
        self.environment(set).join("tdev-stamp")
    }

    fn is_installed(&self, set: Toolset) -> bool {
        let stamp = stamp(&self.environment(set), set.requirements());
        fs::read_to_string(self.stamp_file(set)).is_ok_and(|found| found == stamp)
            // The interpreter it was made from may have gone since.
            && fs::metadata(self.program(set, "python")).is_ok()
    }

    fn make(&self, set: Toolset, python: &Python) -> Result<()> {
        let environment = self.environment(set);
        let log = self.folder.join(format!("{}.log", set.name()));
        let step = Step::start(format!("Installing the tools to {}", set.name()));
        if environment.exists() {
            fs::remove_dir_all(&environment)?;
        }
        let _ = fs::remove_file(&log);
        let mut venv = Command::new(&python.program);
        venv.args(["-m", "venv"]).arg(&environment);
        process::run(venv, &log, &step)?;

        let files = ["requirements.txt", "constraints.txt"].map(|name| environment.join(name));
        for (file, text) in files.iter().zip(set.requirements()) {
            fs::write(file, text)?;
        }
        let mut pip = Command::new(self.program(set, "python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ])
        .arg("--requirement")
        .arg(&files[0])
        .arg("--constraint")
        .arg(&files[1]);
        if let Err(error) = process::run(pip, &log, &step) {
            process::go_on()?;
            let text = fs::read_to_string(&log).unwrap_or_default();
            if let Some(cure) = cure(&text) {
                bail!("{cure}; pip's own words are in {}", log.display());
            }
            return Err(error);
        }
        fs::write(
            self.stamp_file(set),
            stamp(&environment, set.requirements()),
        )?;
        step.done();
        Ok(())
    }
}

/// What an environment was made from. Its own path is part of it, since its scripts name that.
fn stamp(environment: &Path, requirements: [&str; 2]) -> String {
    let mut hash = Sha256::new();
    for part in [environment.as_os_str().as_encoded_bytes()]
        .into_iter()
        .chain(requirements.map(str::as_bytes))
    {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    format!("{:x}", hash.finalize())
}

/// One sentence on a failure of pip that has a known cause.
fn cure(log: &str) -> Option<&'static str> {
    let says = |words: &[&str]| words.iter().any(|word| log.contains(word));
    if says(&["No space left on device"]) {
        return Some("the disk is full: the tools take about 1 GB under .local/tools");
    }
    if says(&["CERTIFICATE_VERIFY_FAILED"]) {
        return Some(
            "the package index's certificate is not trusted: set PIP_CERT to your network's \
             certificate authority",
        );
    }
    if says(&[
        "NewConnectionError",
        "Temporary failure in name resolution",
        "Failed to establish a new connection",
        "Network is unreachable",
        "ReadTimeoutError",
        "ConnectTimeoutError",
        "ProxyError",
        "Could not fetch URL",
    ]) {
        return Some(
            "the package index could not be reached: check the network, or pip's index and proxy \
             settings; after the first start none is needed",
        );
    }
    if says(&["No matching distribution found", "ResolutionImpossible"]) {
        return Some(
            "the package index lacks a pinned version for this Python, or could not be reached: \
             check the network and pip's index settings, or take Python 3.11 to 3.13",
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_changes_with_everything_it_is_made_of() {
        let stamps = [
            stamp(Path::new("/a/stack"), ["x==1", "y==1"]),
            stamp(Path::new("/b/stack"), ["x==1", "y==1"]),
            stamp(Path::new("/a/stack"), ["x==2", "y==1"]),
            stamp(Path::new("/a/stack"), ["x==1", "y==2"]),
            stamp(Path::new("/a/stack"), ["x==1y", "==1"]),
        ];
        for (n, stamp) in stamps.iter().enumerate() {
            assert_eq!(stamp.len(), 64);
            assert!(!stamps[..n].contains(stamp), "{n}");
        }
    }

    #[test]
    fn an_environment_counts_as_installed_only_when_finished_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let tools = Tools {
            folder: folder.path().to_owned(),
        };
        assert!(!tools.is_installed(Toolset::Stack));
        fs::create_dir_all(tools.bin(Toolset::Stack)).unwrap();
        let stamp = stamp(
            &tools.environment(Toolset::Stack),
            Toolset::Stack.requirements(),
        );
        fs::write(tools.stamp_file(Toolset::Stack), stamp).unwrap();
        assert!(!tools.is_installed(Toolset::Stack), "no interpreter");
        fs::write(tools.program(Toolset::Stack, "python"), "").unwrap();
        assert!(tools.is_installed(Toolset::Stack));
        fs::write(tools.stamp_file(Toolset::Stack), "older").unwrap();
        assert!(!tools.is_installed(Toolset::Stack));
    }

    #[test]
    fn every_requirement_is_pinned_and_locked() {
        for set in [Toolset::Stack, Toolset::Build, Toolset::Test] {
            let [requirements, lock] = set.requirements();
            let name = |line: &str| {
                line.split(['=', '['])
                    .next()
                    .unwrap_or_default()
                    .to_lowercase()
            };
            for line in requirements.lines() {
                let (_, version) = line.split_once("==").unwrap();
                assert!(
                    lock.lines()
                        .any(|l| name(l) == name(line) && l.ends_with(version)),
                    "{line}"
                );
            }
        }
    }

    #[test]
    fn known_failures_of_pip_have_a_cure() {
        let unreachable = "WARNING: Retrying after connection broken by 'NewConnectionError(...: \
                           [Errno -3] Temporary failure in name resolution')'\n\
                           ERROR: No matching distribution found for ministack==1.5.33";
        assert!(cure(unreachable).unwrap().contains("check the network"));
        assert!(
            cure("ERROR: No matching distribution found for x")
                .unwrap()
                .contains("Python")
        );
        assert!(
            cure("OSError: [Errno 28] No space left on device")
                .unwrap()
                .contains("disk")
        );
        assert_eq!(cure("something else"), None);
    }
}
