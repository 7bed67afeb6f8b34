//! The accounts of the configuration in the form that `auth` takes.

use super::check::Place;
use super::{Account, Config, KeyPair, Role};
use crate::auth::credentials::{AccountSpec, Credentials, KeySpec, RoleSpec, Secret, UserSpec};

impl Config {
    /// Accounts, users and roles for [`Credentials::new`], which accepts them if this configuration was loaded.
    pub fn account_specs(&self) -> Vec<AccountSpec> {
        self.account
            .iter()
            .map(|account| account_spec(account, &self.role))
            .collect()
    }
}

/// Whether `auth` understands every account and its policies. Account by account, to tell which one is wrong.
pub(super) fn check(config: &Config) -> Result<(), (Place, String)> {
    for (index, account) in config.account.iter().enumerate() {
        Credentials::new(vec![account_spec(account, &[])])
            .map_err(|error| (Place::Account(index), error.to_string()))?;
    }
    for (index, role) in config.role.iter().enumerate() {
        let owner = config
            .account
            .iter()
            .find(|account| account.uid == role.account);
        let Some(owner) = owner else { continue };
        Credentials::new(vec![account_spec(owner, std::slice::from_ref(role))])
            .map_err(|error| (Place::Role(index), error.to_string()))?;
    }
    Ok(())
}

fn account_spec(account: &Account, roles: &[Role]) -> AccountSpec {
    AccountSpec {
        uid: account.uid.clone(),
        display_name: account.display_name().to_owned(),
        keys: key_specs(&account.keys),
        users: account
            .users
            .iter()
            .map(|user| UserSpec {
                name: user.name.clone(),
                keys: key_specs(&user.keys),
                policy: user.policy.clone(),
            })
            .collect(),
        roles: roles
            .iter()
            .filter(|role| role.account == account.uid)
            .map(|role| RoleSpec {
                name: role.name().to_owned(),
                policy: role.policy.clone(),
            })
            .collect(),
    }
}

fn key_specs(keys: &[KeyPair]) -> Vec<KeySpec> {
    keys.iter()
        .map(|key| KeySpec {
            id: key.id.clone(),
            secret: Secret::new(key.secret.expose()),
            disabled: key.disabled,
        })
        .collect()
}
