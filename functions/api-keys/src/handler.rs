//! Request → effects → response.

use jiff::Timestamp;
use tdev_aws::{PageRequest, SdkConfig, Secrets, Table};
use tdev_domain::{ApiKeyId, Invalid, KeyRecord, TenantId};
use tdev_lambda::Error;
use tdev_security::ApiKey;

use crate::{Config, Delivery, Environment, Issue, List, Listed, Request, Response, Revoke};

/// What the handler works with.
pub struct Deps {
    table: Table,
    secrets: Secrets,
    environment: Environment,
}

impl Deps {
    /// Builds the clients.
    #[must_use]
    pub fn new(sdk: &SdkConfig, config: Config) -> Self {
        Self {
            table: Table::new(sdk, config.table),
            secrets: Secrets::new(sdk),
            environment: config.environment,
        }
    }
}

/// Does what `request` asks.
pub async fn handle(deps: &Deps, request: Request) -> Result<Response, Error> {
    match request {
        Request::Issue(issue) => deps.issue(issue).await,
        Request::List(list) => deps.list(list).await,
        Request::Revoke(revoke) => deps.revoke(revoke).await,
    }
}

impl Deps {
    async fn issue(&self, request: Issue) -> Result<Response, Error> {
        let Issue {
            tenant,
            label,
            deliver,
        } = request;
        tdev_lambda::record_tenant(&tenant);
        let key = ApiKey::generate(self.environment.as_str()).map_err(Error::internal)?;
        let record = KeyRecord {
            id: ApiKeyId::generate(),
            digest: key.digest(),
            tenant: tenant.clone(),
            label: label.into(),
            created_at: Timestamp::now(),
        };
        self.table.put_key(&record).await?;
        let KeyRecord { id, label, .. } = record;
        let response = match deliver {
            Delivery::Response => Response::Issued {
                id: id.clone(),
                tenant,
                label,
                key: key.expose().to_owned(),
            },
            Delivery::Secret => Response::Stored {
                id: id.clone(),
                secret: self.store(&tenant, &id, &key).await?,
                tenant,
                label,
            },
        };
        tracing::info!(key = %id, "key issued");
        Ok(response)
    }

    /// Puts `key` into Secrets Manager. If that fails nobody will ever hold it, so that it is
    /// revoked.
    async fn store(&self, tenant: &TenantId, id: &ApiKeyId, key: &ApiKey) -> Result<String, Error> {
        let name = format!("tdev/{}/api-keys/{tenant}/{id}", self.environment);
        if let Err(error) = self.secrets.put(&name, key.expose()).await {
            if let Err(error) = self.table.revoke_key(tenant, id).await {
                let error = Error::from(error).chain();
                tracing::warn!(key = %id, error, "a key that nobody holds was not revoked");
            }
            return Err(error.into());
        }
        Ok(name)
    }

    async fn list(&self, request: List) -> Result<Response, Error> {
        tdev_lambda::record_tenant(&request.tenant);
        if !(1..=1_000).contains(&request.limit) {
            return Err(Invalid::new("limit", "1 to 1000").into());
        }
        let page = PageRequest {
            limit: request.limit,
            after: request.after,
        };
        let page = self.table.keys(&request.tenant, &page).await?;
        let keys = page.items.into_iter().map(|record| Listed {
            id: record.id,
            label: record.label,
            created_at: record.created_at,
        });
        Ok(Response::Keys {
            keys: keys.collect(),
            next: page.next,
        })
    }

    async fn revoke(&self, request: Revoke) -> Result<Response, Error> {
        let Revoke { tenant, id } = request;
        tdev_lambda::record_tenant(&tenant);
        let revoked = self.table.revoke_key(&tenant, &id).await?;
        tracing::info!(key = %id, revoked, "key revoked");
        Ok(Response::Revoked { revoked })
    }
}

#[cfg(test)]
mod tests;
