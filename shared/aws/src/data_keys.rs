//! Data keys of KMS, to encrypt what is too large for KMS itself.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use tdev_domain::TenantId;
use zeroize::Zeroizing;

use crate::{Error, Result, SdkConfig};

/// What a data key is bound to by its encryption context, beside the tenant.
const CONTEXT: &str = "tenant";

/// A source of data keys, each bound to a tenant: what was made for one cannot be unwrapped for
/// another.
#[derive(Debug, Clone)]
pub struct DataKeys {
    client: Client,
    key_id: String,
}

/// A key of 256 bits, overwritten when it is dropped.
#[derive(Clone)]
pub struct PlainKey(Zeroizing<[u8; 32]>);

impl PlainKey {
    /// The key itself.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for PlainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainKey")
    }
}

/// A new data key.
#[derive(Debug, Clone)]
pub struct DataKey {
    /// What encrypts.
    pub plain: PlainKey,
    /// What is stored beside what it encrypted.
    pub wrapped: Vec<u8>,
}

impl DataKeys {
    /// Data keys wrapped by the KMS key with this id or ARN.
    pub fn new(config: &SdkConfig, key_id: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            key_id: key_id.into(),
        }
    }

    /// A new key for `tenant`.
    pub async fn generate(&self, tenant: &TenantId) -> Result<DataKey> {
        const OPERATION: &str = "make a data key";
        let output = self
            .client
            .generate_data_key()
            .key_id(&self.key_id)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(context(tenant)))
            .send()
            .await
            .map_err(|e| Error::from_sdk(OPERATION, e))?;
        let wrapped = output.ciphertext_blob.map(Blob::into_inner);
        let wrapped = wrapped.ok_or_else(|| Error::corrupt(OPERATION, "there is no key"))?;
        Ok(DataKey {
            plain: plain(OPERATION, output.plaintext)?,
            wrapped,
        })
    }

    /// The key that was made for `tenant` and wrapped so.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it was not: it is damaged, or of another tenant, or wrapped by
    /// another KMS key.
    pub async fn unwrap(&self, tenant: &TenantId, wrapped: &[u8]) -> Result<PlainKey> {
        const OPERATION: &str = "unwrap a data key";
        let output = self
            .client
            .decrypt()
            .key_id(&self.key_id)
            .ciphertext_blob(Blob::new(wrapped))
            .set_encryption_context(Some(context(tenant)))
            .send()
            .await;
        match output {
            Ok(output) => plain(OPERATION, output.plaintext),
            Err(e) if is_of_another(e.code()) => Err(Error::corrupt(OPERATION, e)),
            Err(e) => Err(Error::from_sdk(OPERATION, e)),
        }
    }
}

fn is_of_another(code: Option<&str>) -> bool {
    matches!(
        code,
        Some("InvalidCiphertextException" | "IncorrectKeyException")
    )
}

fn context(tenant: &TenantId) -> HashMap<String, String> {
    HashMap::from([(CONTEXT.to_owned(), tenant.to_string())])
}

fn plain(operation: &'static str, blob: Option<Blob>) -> Result<PlainKey> {
    let bytes = Zeroizing::new(blob.map(Blob::into_inner).unwrap_or_default());
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return Err(Error::corrupt(operation, "the key has not 256 bits"));
    }
    key.copy_from_slice(&bytes);
    Ok(PlainKey(key))
}
