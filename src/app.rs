//! The one shared state: configuration, store, credentials, clock and ids. Passed, never global.

mod open;

use crate::auth::{AuthSettings, Credentials};
use crate::config::Config;
use crate::domain::ids::IdSource;
use crate::domain::time::{Clock, Timestamp};
use crate::http::address::Domains;
use crate::lifecycle::Lifecycle;
use crate::picture::Workshop;
use crate::store::{self, Store};
use std::sync::Arc;

pub use open::OpenError;

/// What every request sees.
pub struct App {
    config: Config,
    store: Store,
    credentials: Credentials,
    auth_settings: AuthSettings,
    domains: Domains,
    lifecycle: Lifecycle,
    workshop: Workshop,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl App {
    /// Puts the parts together.
    pub fn new(
        config: Config,
        store: Store,
        credentials: Credentials,
        auth_settings: AuthSettings,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        let domains = Domains::new(&config.domains);
        let lifecycle = Lifecycle::new(config.lifecycle_day_seconds);
        Self {
            config,
            store,
            credentials,
            auth_settings,
            domains,
            lifecycle,
            workshop: Workshop::default(),
            clock,
            ids,
        }
    }

    /// The configuration, as it was at start.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The store. A handler takes it through its call, in the caller's world.
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

    /// What lifecycle rules will do.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// Runs lifecycle rules, now and whenever a day begins, until it is dropped.
    pub async fn keep_lifecycle(&self) {
        self.lifecycle.keep(&self.store, || self.now()).await;
    }

    /// Where pictures are processed, a few at a time.
    pub fn workshop(&self) -> &Workshop {
        &self.workshop
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

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}
