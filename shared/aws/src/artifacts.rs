//! Artifacts in S3: content-addressed and immutable.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use tdev_domain::{ArtifactDigest, MAX_AGENT_BYTES, Source};

use crate::{Error, Result, SdkConfig};

/// The bucket of artifacts. An agent's source is stored under `artifacts/sha256/<digest>`.
#[derive(Debug, Clone)]
pub struct Artifacts {
    client: Client,
    bucket: String,
}

/// What was read is not what its key says.
#[derive(Debug, thiserror::Error)]
enum Mismatch {
    #[error("the object has {bytes} bytes; no artifact has more than {MAX_AGENT_BYTES}")]
    TooLong { bytes: usize },
    #[error("the object's digest is {found}, its key's {expected}")]
    Digest {
        expected: ArtifactDigest,
        found: ArtifactDigest,
    },
}

impl Artifacts {
    /// The artifacts in `bucket`.
    pub fn new(config: &SdkConfig, bucket: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            bucket: bucket.into(),
        }
    }

    /// Proves that the bucket exists and may be listed. (Without that right S3 answers "denied"
    /// rather than "not found" for a missing object.)
    pub async fn ping(&self) -> Result<()> {
        self.client
            .head_bucket()
            .bucket(&self.bucket)
            .send()
            .await
            .map_err(|e| Error::from_sdk("ping the artifacts", e))?;
        Ok(())
    }

    /// Stores `source`, unless it is stored already, and returns its digest.
    pub async fn put(&self, source: &Source) -> Result<ArtifactDigest> {
        let digest = source.digest();
        let checksum = BASE64_STANDARD.encode(Sha256::digest(source.as_str()));
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(object_key(&digest))
            .if_none_match("*")
            .checksum_sha256(checksum)
            .content_type("text/x-python; charset=utf-8")
            .body(ByteStream::from(source.as_str().as_bytes().to_vec()))
            .send()
            .await;
        match put {
            Ok(_) => Ok(digest),
            Err(e) if e.code() == Some("PreconditionFailed") => Ok(digest),
            Err(e) => Err(Error::from_sdk("store an artifact", e)),
        }
    }

    /// The source with this digest, if it is stored. What is read is verified against the digest.
    pub async fn get(&self, digest: &ArtifactDigest) -> Result<Option<Source>> {
        const OPERATION: &str = "read an artifact";
        let got = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(object_key(digest))
            .send()
            .await;
        let object = match got {
            Ok(object) => object,
            Err(e) if e.code() == Some("NoSuchKey") => return Ok(None),
            Err(e) => return Err(Error::from_sdk(OPERATION, e)),
        };
        let bytes = usize::try_from(object.content_length().unwrap_or_default()).unwrap_or(0);
        if bytes > MAX_AGENT_BYTES {
            return Err(Error::corrupt(OPERATION, Mismatch::TooLong { bytes }));
        }
        let body = object.body.collect().await.map_err(|e| Error::Transient {
            operation: OPERATION,
            source: e.into(),
        })?;
        verify(digest, &body.into_bytes()).map(Some)
    }
}

fn verify(expected: &ArtifactDigest, bytes: &[u8]) -> Result<Source> {
    const OPERATION: &str = "verify an artifact";
    let found = ArtifactDigest::of(bytes);
    if found != *expected {
        let expected = expected.clone();
        return Err(Error::corrupt(
            OPERATION,
            Mismatch::Digest { expected, found },
        ));
    }
    Source::from_bytes(bytes).map_err(|e| Error::corrupt(OPERATION, e))
}

fn object_key(digest: &ArtifactDigest) -> String {
    format!("artifacts/sha256/{digest}")
}
