//! Finds a Python that the tools can be installed with.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// The oldest version that will do.
const MINIMUM: (u32, u32) = (3, 11);

/// Where to look, the versions the tools are known to work with first.
const CANDIDATES: [&str; 5] = [
    "python3.13",
    "python3.12",
    "python3.11",
    "python3",
    "python",
];

/// Prints the version and whether virtual environments can be made.
const PROBE: &str = "import sys, importlib.util as u; \
    print(*sys.version_info[:2], all(u.find_spec(m) for m in ('venv', 'ensurepip')))";

/// A Python that will do.
#[derive(Debug)]
pub(crate) struct Python {
    pub(crate) program: PathBuf,
}

/// Looks for one on `PATH`. Fails with what is there instead, and what to do.
pub(crate) fn find() -> Result<Python> {
    let found: Vec<_> = CANDIDATES
        .into_iter()
        .filter_map(|name| Some((name, probe(name)?)))
        .collect();
    let program = PathBuf::from(choose(&found)?);
    Ok(Python { program })
}

/// What an interpreter says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    major: u32,
    minor: u32,
    makes_environments: bool,
}

fn probe(name: &str) -> Option<Version> {
    let output = Command::new(name)
        .args(["-c", PROBE])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    parse(&String::from_utf8_lossy(&output.stdout))
}

fn parse(line: &str) -> Option<Version> {
    let mut words = line.split_whitespace();
    Some(Version {
        major: words.next()?.parse().ok()?,
        minor: words.next()?.parse().ok()?,
        makes_environments: words.next()? == "True",
    })
}

fn choose<'a>(found: &[(&'a str, Version)]) -> Result<&'a str> {
    let new_enough = |v: &Version| (v.major, v.minor) >= MINIMUM;
    let usable = found
        .iter()
        .find(|(_, v)| new_enough(v) && v.makes_environments);
    if let Some((name, _)) = usable {
        return Ok(name);
    }
    let (major, minor) = MINIMUM;
    match found.iter().find(|(_, v)| new_enough(v)).or(found.first()) {
        None => bail!(
            "no Python was found: install Python {major}.{minor} or later \
             (Debian, Ubuntu: apt install python3 python3-venv)"
        ),
        Some((name, v)) if new_enough(v) => bail!(
            "{name} ({}.{}) cannot make virtual environments: install its venv module \
             (Debian, Ubuntu: apt install python3-venv)",
            v.major,
            v.minor
        ),
        Some((name, v)) => bail!(
            "{name} is Python {}.{}, and {major}.{minor} or later is needed: install one beside it, \
             as python3.13, python3.12 or python3.11 on the PATH",
            v.major,
            v.minor
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn version(minor: u32, makes_environments: bool) -> Version {
        Version {
            major: 3,
            minor,
            makes_environments,
        }
    }

    #[test]
    fn the_probe_is_understood() {
        assert_eq!(parse("3 11 True\n"), Some(version(11, true)));
        assert_eq!(parse("3 9 False\n"), Some(version(9, false)));
        assert_eq!(parse("pyenv: python3.13: command not found"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn the_first_that_is_new_enough_and_whole_is_taken() {
        let found = [
            ("python3.13", version(13, false)),
            ("python3.11", version(11, true)),
            ("python3", version(12, true)),
        ];
        assert_eq!(choose(&found).unwrap(), "python3.11");
    }

    #[test]
    fn each_lack_has_its_cure() {
        let none = choose(&[]).unwrap_err().to_string();
        assert!(
            none.starts_with("no Python was found: install Python 3.11"),
            "{none}"
        );
        let old = choose(&[("python3", version(9, true))])
            .unwrap_err()
            .to_string();
        assert!(
            old.starts_with("python3 is Python 3.9, and 3.11 or later is needed"),
            "{old}"
        );
        let bare = choose(&[
            ("python3", version(12, false)),
            ("python", version(8, true)),
        ]);
        let bare = bare.unwrap_err().to_string();
        assert!(bare.contains("apt install python3-venv"), "{bare}");
    }
}
