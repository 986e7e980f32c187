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

    pub(crate) fn launcher(&self) -> PathBuf {
        self.root.join("infra/local/serve-ministack.py")
    }
}
