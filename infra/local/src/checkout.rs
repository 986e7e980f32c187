//! Where things are in a checkout.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder this command was built from, and what it makes there.
#[derive(Debug, Clone)]
pub(crate) struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// The checkout this command belongs to.
    pub(crate) fn find() -> Result<Self> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package.ancestors().nth(2).unwrap_or(package);
        let root = root
            .canonicalize()
            .with_context(|| format!("{} is gone: build this command again", root.display()))?;
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Everything this command makes but what cargo builds.
    pub(crate) fn local(&self) -> PathBuf {
        self.root.join(".local")
    }

    pub(crate) fn tools(&self) -> PathBuf {
        self.local().join("tools")
    }

    /// The functions, each called like its folder and the program it builds.
    pub(crate) fn functions(&self) -> Result<Vec<String>> {
        let folder = self.root.join("functions");
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("{} could not be read", folder.display()))?;
        let mut functions: Vec<_> = entries
            .flatten()
            .filter(|entry| entry.path().join("Cargo.toml").is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        functions.sort();
        Ok(functions)
    }

    pub(crate) fn launcher(&self) -> PathBuf {
        self.root.join("infra/local/ministack.py")
    }
}
