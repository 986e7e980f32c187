//! What evolutions need beside the table: problems, checkpoints, lineages and champions.
//!
//! | object | key |
//! |---|---|
//! | definition of a problem | `problems/definitions/<tenant>/<SHA-256>` |
//! | cases that candidates are bred on | `problems/train/<tenant>/<SHA-256>` |
//! | cases held out for the gate | `problems/held-out/<tenant>/<SHA-256>` |
//! | checkpoint of a generation | `checkpoints/<tenant>/<evolution>/<generation, 10 digits>-<SHA-256>` |
//! | children of a shard | `checkpoints/<tenant>/<evolution>/children/<SHA-256>` |
//! | lineage of a generation, as JSON lines | `lineage/<tenant>/<evolution>/<generation, 10 digits>` |
//! | source of a winner, and its evidence | `champions/<tenant>/<evolution>/<SHA-256>` |
//!
//! All but the lineages are under the digest of their bytes, never change, and are verified when
//! they are read. A lineage follows from the generation, so whoever writes it again writes the
//! same; its entries are chained by digest, and the checkpoint has the last one's. The cases that
//! are held out stand apart, so that a role can be kept from them.

use tdev_domain::evolution::EvolutionId;
use tdev_domain::{ArtifactDigest, TenantId};

use crate::{Error, Objects, Result};

#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error("{0} is gone")]
    Gone(String),
    #[error("{0} has another digest")]
    Digest(String),
}

/// A part of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemPart {
    /// How candidates are judged, without the cases.
    Definition,
    /// The cases that candidates are bred on.
    Train,
    /// The cases held out for the gate.
    HeldOut,
}

impl ProblemPart {
    fn prefix(self, tenant: &TenantId) -> String {
        let part = match self {
            Self::Definition => "definitions",
            Self::Train => "train",
            Self::HeldOut => "held-out",
        };
        format!("problems/{part}/{tenant}/")
    }
}

fn checkpoints(tenant: &TenantId, evolution: &EvolutionId, generation: u32) -> String {
    format!("checkpoints/{tenant}/{evolution}/{generation:010}-")
}

fn children(tenant: &TenantId, evolution: &EvolutionId) -> String {
    format!("checkpoints/{tenant}/{evolution}/children/")
}

fn champions(tenant: &TenantId, evolution: &EvolutionId) -> String {
    format!("champions/{tenant}/{evolution}/")
}

fn lineage(tenant: &TenantId, evolution: &EvolutionId, generation: u32) -> String {
    format!("lineage/{tenant}/{evolution}/{generation:010}")
}

impl Objects {
    /// Stores a part of a problem and returns its digest.
    pub async fn put_problem_part(
        &self,
        tenant: &TenantId,
        part: ProblemPart,
        bytes: Vec<u8>,
    ) -> Result<ArtifactDigest> {
        self.put_by_digest(&part.prefix(tenant), bytes).await
    }

    /// A part of a problem.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is gone, or is not what was stored.
    pub async fn problem_part(
        &self,
        tenant: &TenantId,
        part: ProblemPart,
        digest: &ArtifactDigest,
    ) -> Result<Vec<u8>> {
        self.by_digest("read a problem", &part.prefix(tenant), digest)
            .await
    }

    /// Stores the checkpoint of a generation and returns its digest.
    pub async fn put_checkpoint(
        &self,
        tenant: &TenantId,
        evolution: &EvolutionId,
        generation: u32,
        bytes: Vec<u8>,
    ) -> Result<ArtifactDigest> {
        self.put_by_digest(&checkpoints(tenant, evolution, generation), bytes)
            .await
    }

    /// The checkpoint of a generation.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is gone, or is not what was stored.
    pub async fn checkpoint(
        &self,
        tenant: &TenantId,
        evolution: &EvolutionId,
        generation: u32,
        digest: &ArtifactDigest,
    ) -> Result<Vec<u8>> {
        let prefix = checkpoints(tenant, evolution, generation);
        self.by_digest("read a checkpoint", &prefix, digest).await
    }

    /// Stores the children of a shard and returns their digest.
    pub async fn put_children(
        &self,
        tenant: &TenantId,
        evolution: &EvolutionId,
        bytes: Vec<u8>,
    ) -> Result<ArtifactDigest> {
        self.put_by_digest(&children(tenant, evolution), bytes)
            .await
    }

    /// The children of a shard.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if they are gone, or are not what was stored.
    pub async fn children(
        &self,
        tenant: &TenantId,
        evolution: &EvolutionId,
        digest: &ArtifactDigest,
    ) -> Result<Vec<u8>> {
        let prefix = children(tenant, evolution);
        self.by_digest("read a shard's children", &prefix, digest)
            .await
    }

    /// Stores the lineage of a generation, as JSON lines.
    pub async fn put_lineage(
        &self,
        tenant: &TenantId,
        evolution: &EvolutionId,
        generation: u32,
        lines: String,
    ) -> Result<()> {
        let key = lineage(tenant, evolution, generation);
        self.put(&key, lines.into_bytes()).await
    }

    /// The lineage of a generation, as JSON lines, if it was made.
    pub async fn lineage(
        &self,
        tenant: &TenantId,
        evolution: &EvolutionId,
        generation: u32,
    ) -> Result<Option<Vec<u8>>> {
        self.get(&lineage(tenant, evolution, generation)).await
    }

    /// Stores the source of a winner, or the evidence on it, and returns its digest.
    pub async fn put_champion(
        &self,
        tenant: &TenantId,
        evolution: &EvolutionId,
        bytes: Vec<u8>,
    ) -> Result<ArtifactDigest> {
        self.put_by_digest(&champions(tenant, evolution), bytes)
            .await
    }

    /// The source of a winner, or the evidence on it.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is gone, or is not what was stored.
    pub async fn champion(
        &self,
        tenant: &TenantId,
        evolution: &EvolutionId,
        digest: &ArtifactDigest,
    ) -> Result<Vec<u8>> {
        let prefix = champions(tenant, evolution);
        self.by_digest("read a champion", &prefix, digest).await
    }

    async fn put_by_digest(&self, prefix: &str, bytes: Vec<u8>) -> Result<ArtifactDigest> {
        let digest = ArtifactDigest::of(&bytes);
        self.put(&format!("{prefix}{digest}"), bytes).await?;
        Ok(digest)
    }

    async fn by_digest(
        &self,
        operation: &'static str,
        prefix: &str,
        digest: &ArtifactDigest,
    ) -> Result<Vec<u8>> {
        let key = format!("{prefix}{digest}");
        match self.get(&key).await? {
            None => Err(Error::corrupt(operation, Damage::Gone(key))),
            Some(bytes) if ArtifactDigest::of(&bytes) != *digest => {
                Err(Error::corrupt(operation, Damage::Digest(key)))
            }
            Some(bytes) => Ok(bytes),
        }
    }
}
