//! The platform deployed on a local AWS: how to reach it, and a key to use it with.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::aws::{self, Aws};
use crate::platform::Platform;
use crate::sam::Outputs;

/// What is remembered of a deployment, in the stack's folder, for its owner's eyes only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Deployment {
    /// The port it was deployed through, which is in the addresses of its queues.
    pub(crate) port: u16,
    pub(crate) api_url: String,
    /// Where the API's documentation can be seen in a browser.
    pub(crate) docs_url: String,
    /// A key of the tenant `local`.
    pub(crate) key: String,
    /// The outputs of the deployed stack.
    pub(crate) outputs: Outputs,
}

impl Deployment {
    /// Describes what was just deployed. The key of the deployment before is kept while it works.
    pub(crate) fn describe(port: u16, outputs: &Outputs, before: Option<Self>) -> Result<Self> {
        let api_id = outputs.get("ApiId")?;
        let api_url = format!("{}/_aws/execute-api/{api_id}", aws::endpoint(port));
        let key = before
            .map(|deployment| deployment.key)
            .filter(|key| Platform::new(&api_url, key).is_admitted());
        let key = match key {
            Some(key) => key,
            None => issue_key(
                &Aws::on(port),
                outputs.get("ApiKeysFunction")?,
                "local",
                "cargo local up",
            )?,
        };
        Ok(Self {
            port,
            api_url,
            docs_url: format!("http://{api_id}.execute-api.localhost:{port}/docs"),
            key,
            outputs: outputs.clone(),
        })
    }

    /// What is remembered in `folder`.
    pub(crate) fn remembered(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(file(folder)).ok()?).ok()
    }

    /// Remembers it in `folder`.
    pub(crate) fn remember(&self, folder: &Path) -> Result<()> {
        let path = file(folder);
        let json = serde_json::to_vec_pretty(self)?;
        fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(&json))
            .with_context(|| format!("{} could not be written", path.display()))
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("deployment.json")
}

/// Issues an API key to `tenant`, as an operator does.
pub(crate) fn issue_key(aws: &Aws, function: &str, tenant: &str, label: &str) -> Result<String> {
    let request = json!({"action": "issue", "tenant": tenant, "label": label});
    let issued = aws.invoke(function, &request)?;
    issued["key"]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("{function} issued no key: {issued}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_remembered_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Deployment::remembered(folder.path()).is_none());
        let deployment = Deployment {
            port: 4510,
            api_url: "http://127.0.0.1:4510/_aws/execute-api/x".to_owned(),
            docs_url: "http://x.execute-api.localhost:4510/docs".to_owned(),
            key: "tdev_dev_x".to_owned(),
            outputs: Outputs::default(),
        };
        deployment.remember(folder.path()).unwrap();
        let mode = fs::metadata(file(folder.path()))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let remembered = Deployment::remembered(folder.path()).unwrap();
        assert_eq!(remembered.key, deployment.key);
    }
}
