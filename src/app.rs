//! The one shared state: configuration, store, credentials, clock and ids. Passed, never global.

use crate::auth::{AuthSettings, Credentials};
use crate::config::{self, Config};
use crate::domain::bucket::BucketOptions;
use crate::domain::ids::{IdSource, SystemIds};
use crate::domain::time::{Clock, SystemClock, Timestamp};
use crate::http::address::Domains;
use crate::store::engine::{Durability, EngineOptions};
use crate::store::{self, Store, StoreOptions};
use std::sync::Arc;

/// What every request sees.
#[derive(Debug)]
pub struct App {
    config: Config,
    store: Store,
    credentials: Credentials,
    auth_settings: AuthSettings,
    domains: Domains,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl App {
    /// Opens the store and creates the configured buckets. Uses the machine's clock and entropy.
    pub async fn open(config: Config) -> store::Result<Arc<Self>> {
        Self::open_with(config, Arc::new(SystemClock), Arc::new(SystemIds)).await
    }

    /// As [`App::open`], with the given clock and ids.
    pub async fn open_with(config: Config, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> store::Result<Arc<Self>> {
        let store = Store::open(store_options(&config), Arc::clone(&clock), Arc::clone(&ids))?;
        for bucket in &config.bucket {
            let owner = bucket.owner.as_deref().or(config.account.first().map(|account| account.uid.as_str()));
            let options = BucketOptions { acl: bucket.acl, ..BucketOptions::default() };
            store.create_bucket(&bucket.name, owner.unwrap_or_default(), options).await?;
        }
        Ok(Arc::new(Self {
            credentials: Credentials::from_config(&config),
            auth_settings: AuthSettings::from_config(&config),
            domains: Domains::new(&config.domains),
            config,
            store,
            clock,
            ids,
        }))
    }

    /// The configuration, as it was at start.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The store. A request takes it through its call, in the caller's world.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Accounts, keys, users and tokens.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Region, clock rule and other switches of authentication.
    pub fn auth_settings(&self) -> &AuthSettings {
        &self.auth_settings
    }

    /// The virtual-host suffixes.
    pub fn domains(&self) -> &Domains {
        &self.domains
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Where ids come from.
    pub fn ids(&self) -> &dyn IdSource {
        self.ids.as_ref()
    }

    /// Finishes what the store has under way and closes it.
    pub async fn close(&self) -> store::Result<()> {
        self.store.close().await
    }
}
