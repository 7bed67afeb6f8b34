//! From a configuration to a ready [`App`]: store, credentials, and the buckets that exist from the start.

use std::sync::Arc;

use super::App;
use crate::auth::credentials::CredentialsError;
use crate::auth::{AuthSettings, Credentials};
use crate::config::{AppendCopy, Config, Durability};
use crate::domain::bucket::BucketOptions;
use crate::domain::ids::{IdSource, SystemIds};
use crate::domain::name::BucketName;
use crate::domain::time::{Clock, SystemClock};
use crate::store::{self, EngineOptions, Store, StoreOptions};

/// Why there is no [`App`].
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// `auth` does not accept the accounts; a configuration that was loaded is checked for this.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The data directory is unreadable, in use, damaged, or of a newer format.
    #[error("cannot open the store: {0}")]
    Store(#[from] store::Error),
    /// A bucket of the configuration cannot be made.
    #[error("cannot make bucket {bucket}: {source}")]
    Bucket {
        /// Its name.
        bucket: BucketName,
        /// What the store says.
        source: store::Error,
    },
    /// The configuration names no account.
    #[error("no account owns bucket {0}")]
    NoOwner(BucketName),
}

impl App {
    /// Opens everything that `config` names, with the clock and the ids of the system.
    pub async fn open(config: Config) -> Result<Arc<Self>, OpenError> {
        Self::open_with(
            config,
            Arc::new(SystemClock),
            Arc::new(SystemIds::default()),
        )
        .await
    }

    /// The same with a clock and ids of one's own.
    pub async fn open_with(
        config: Config,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Arc<Self>, OpenError> {
        let credentials = Credentials::new(config.account_specs())?;
        let store = Store::open(store_options(&config), Arc::clone(&clock), Arc::clone(&ids))?;
        let auth_settings = AuthSettings {
            region: config.region.clone(),
            any_region: config.any_region,
            ..AuthSettings::default()
        };
        let app = Self::new(config, store, credentials, auth_settings, clock, ids);
        app.make_buckets().await?;
        Ok(Arc::new(app))
    }

    /// Buckets that are there already stay as they are.
    async fn make_buckets(&self) -> Result<(), OpenError> {
        for bucket in &self.config.bucket {
            let failed = |source| OpenError::Bucket {
                bucket: bucket.name.clone(),
                source,
            };
            if self.store.bucket(&bucket.name).map_err(failed)?.is_some() {
                continue;
            }
            let first = self.config.account.first().map(|account| &account.uid);
            let owner = bucket.owner.as_ref().or(first);
            let owner = owner.ok_or_else(|| OpenError::NoOwner(bucket.name.clone()))?;
            let options = BucketOptions {
                acl: bucket.acl,
                ..BucketOptions::default()
            };
            self.store
                .create_bucket(&bucket.name, owner, options, true)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }
}

fn store_options(config: &Config) -> StoreOptions {
    let engine = EngineOptions {
        dir: (!config.memory).then(|| config.data.clone()),
        durability: match config.durability {
            Durability::Durable => store::Durability::Durable,
            Durability::Relaxed => store::Durability::Relaxed,
        },
        ..EngineOptions::default()
    };
    StoreOptions {
        object_size_max: config.limits.object_size_max,
        part_size_min: config.limits.part_size_min,
        buckets_max: usize::try_from(config.limits.buckets_max).unwrap_or(usize::MAX),
        append_copy: match config.append_copy {
            AppendCopy::Reject => store::AppendCopy::Reject,
            AppendCopy::VersionedOnly => store::AppendCopy::VersionedOnly,
        },
        restore_seconds: config.restore_seconds,
        ..StoreOptions::new(engine)
    }
}
