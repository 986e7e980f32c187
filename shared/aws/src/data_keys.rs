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
        // The last is for what cannot be a wrapped key at all, by its length.
        Some("InvalidCiphertextException" | "IncorrectKeyException" | "ValidationException")
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

#[cfg(test)]
mod tests {
    use aws_sdk_kms::operation::decrypt::{DecryptError, DecryptOutput};
    use aws_sdk_kms::operation::generate_data_key::GenerateDataKeyOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn keys(rule: &Rule) -> DataKeys {
        DataKeys {
            client: mock_client!(aws_sdk_kms, RuleMode::MatchAny, &[rule]),
            key_id: "alias/tdev".to_owned(),
        }
    }

    fn acme() -> TenantId {
        "acme".parse().unwrap()
    }

    #[tokio::test]
    async fn a_key_is_made_for_a_tenant_and_of_256_bits() {
        for (bytes, ok) in [(32, true), (16, false), (0, false)] {
            let rule = mock!(Client::generate_data_key)
                .match_requests(|request| {
                    request.key_id() == Some("alias/tdev")
                        && request.key_spec() == Some(&DataKeySpec::Aes256)
                        && request.encryption_context() == Some(&context(&acme()))
                })
                .then_output(move || {
                    GenerateDataKeyOutput::builder()
                        .plaintext(Blob::new(vec![7; bytes]))
                        .ciphertext_blob(Blob::new("wrapped"))
                        .build()
                });
            match keys(&rule).generate(&acme()).await {
                Ok(key) => {
                    assert!(ok);
                    assert_eq!(key.plain.as_bytes(), &[7; 32]);
                    assert_eq!(key.wrapped, b"wrapped");
                    assert!(!format!("{key:?}").contains("7, 7"));
                }
                Err(error) => assert!(!ok && matches!(error, Error::Corrupt { .. }), "{error:?}"),
            }
        }
    }

    #[tokio::test]
    async fn what_was_not_wrapped_so_is_told_from_a_service_that_fails() {
        for (code, corrupt, retryable) in [
            ("InvalidCiphertextException", true, false),
            ("IncorrectKeyException", true, false),
            ("ValidationException", true, false),
            ("ThrottlingException", false, true),
            ("AccessDeniedException", false, false),
        ] {
            let rule = mock!(Client::decrypt).then_error(move || {
                DecryptError::generic(ErrorMetadata::builder().code(code).build())
            });
            let error = keys(&rule).unwrap(&acme(), b"wrapped").await.unwrap_err();
            assert_eq!(matches!(error, Error::Corrupt { .. }), corrupt, "{error:?}");
            assert_eq!(error.name().is_retryable(), retryable, "{error:?}");
        }
        let rule = mock!(Client::decrypt)
            .match_requests(|request| {
                request.ciphertext_blob().map(Blob::as_ref) == Some(b"wrapped")
                    && request.key_id() == Some("alias/tdev")
                    && request.encryption_context() == Some(&context(&acme()))
            })
            .then_output(|| {
                let plain = Blob::new(vec![9; 32]);
                DecryptOutput::builder().plaintext(plain).build()
            });
        let key = keys(&rule).unwrap(&acme(), b"wrapped").await.unwrap();
        assert_eq!(key.as_bytes(), &[9; 32]);
    }
}
