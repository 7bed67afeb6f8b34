//! What the configuration says to `auth`: accounts, users, roles and keys, and the switches of authentication.

use super::{Config, KeyPair};
use crate::auth::AuthSettings;
use crate::auth::credentials::{
    AccountSpec, Credentials, CredentialsError, KeySpec, RoleSpec, Secret, UserSpec,
};

fn keys(pairs: &[KeyPair]) -> Vec<KeySpec> {
    pairs
        .iter()
        .map(|pair| KeySpec {
            id: pair.id.clone(),
            secret: Secret::new(pair.secret.expose()),
            disabled: false,
        })
        .collect()
}

impl Config {
    /// The accounts as `auth` keeps them. A policy that is not understood in full is an error.
    pub fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let accounts = self.account.iter().map(|account| AccountSpec {
            uid: account.uid.clone(),
            display_name: account.display_name().to_owned(),
            keys: keys(&account.keys),
            users: account
                .users
                .iter()
                .map(|user| UserSpec {
                    name: user.name.clone(),
                    keys: keys(&user.keys),
                    policy: user.policy.clone(),
                })
                .collect(),
            roles: self
                .role
                .iter()
                .filter(|role| role.account == account.uid)
                .filter_map(|role| {
                    let (_, name) = role.arn.split_once(":role/")?;
                    Some(RoleSpec {
                        name: name.to_owned(),
                        policy: role.policy.clone(),
                    })
                })
                .collect(),
        });
        Credentials::new(accounts.collect())
    }

    /// Region and clock rule of authentication.
    pub fn auth_settings(&self) -> AuthSettings {
        AuthSettings {
            region: self.region.clone(),
            any_region: self.any_region,
            ..AuthSettings::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The default key pair signs for the default account, and nothing else does.
    #[test]
    fn the_default_key_pair_is_known() {
        let config = Config::default();
        let credentials = config.credentials().unwrap();
        assert!(credentials.lookup("ossicle").is_some());
        assert!(credentials.lookup("nobody").is_none());
        assert_eq!(config.auth_settings().region, "cn-hangzhou");
    }
}
