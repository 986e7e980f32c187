//! What tenants have set for themselves.

use tdev_domain::{Settings, TenantId};

use super::{Table, item, keys};
use crate::{Error, Result};

impl Table {
    /// A tenant's settings; the default ones if it has set nothing.
    pub async fn settings(&self, tenant: &TenantId) -> Result<Settings> {
        let settings = self
            .entity("read settings", &keys::settings(tenant))
            .await?;
        Ok(settings.unwrap_or_default())
    }

    /// Stores a tenant's settings, in the place of those it had.
    pub async fn put_settings(&self, tenant: &TenantId, settings: &Settings) -> Result<()> {
        const OPERATION: &str = "store settings";
        let item = item::encode(OPERATION, &keys::settings(tenant), settings, None)?;
        self.client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .send()
            .await
            .map_err(|e| Error::from_sdk(OPERATION, e))?;
        Ok(())
    }
}
