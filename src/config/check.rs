//! What values must be together: names that refer to each other, and what may stand only once.

use std::collections::HashSet;

use crate::auth::credentials::role_arn;

use super::{Config, KeyPair, accounts};

/// Which entry of the file is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// No single entry.
    Whole,
    /// A key of the top level.
    Key(&'static str),
    /// The n-th `[[account]]`.
    Account(usize),
    /// The n-th `[[role]]`.
    Role(usize),
    /// The n-th `[[bucket]]`.
    Bucket(usize),
}

type Problem = (Place, String);

/// The first thing that does not fit together.
pub(super) fn check(config: &Config) -> Result<(), Problem> {
    names(config)?;
    roles(config)?;
    accounts::check(config)?;
    buckets(config)?;
    tls(config)
}

fn names(config: &Config) -> Result<(), Problem> {
    if config.account.is_empty() {
        return Err((
            Place::Whole,
            "at least one [[account]] is needed".to_owned(),
        ));
    }
    let mut uids = HashSet::new();
    let mut key_ids = HashSet::new();
    for (index, account) in config.account.iter().enumerate() {
        let place = Place::Account(index);
        if !uids.insert(&account.uid) {
            return Err((place, format!("uid `{}` stands twice", account.uid)));
        }
        let mut names = HashSet::new();
        for user in &account.users {
            if !names.insert(&user.name) {
                return Err((place, format!("user `{}` stands twice", user.name)));
            }
        }
        let users = account.users.iter().flat_map(|user| &user.keys);
        for KeyPair { id, .. } in account.keys.iter().chain(users) {
            if !key_ids.insert(id) {
                return Err((place, format!("key id `{id}` stands twice")));
            }
        }
    }
    Ok(())
}

fn roles(config: &Config) -> Result<(), Problem> {
    let mut arns = HashSet::new();
    for (index, role) in config.role.iter().enumerate() {
        let place = Place::Role(index);
        if !arns.insert(&role.arn) {
            return Err((place, format!("role `{}` stands twice", role.arn)));
        }
        known_uid(config, &role.account).map_err(|text| (place, text))?;
        if role.arn != role_arn(&role.account, role.name()) {
            return Err((
                place,
                format!("role `{}` is not of account `{}`", role.arn, role.account),
            ));
        }
    }
    Ok(())
}

fn buckets(config: &Config) -> Result<(), Problem> {
    let mut names = HashSet::new();
    for (index, bucket) in config.bucket.iter().enumerate() {
        let place = Place::Bucket(index);
        if !names.insert(&bucket.name) {
            return Err((place, format!("bucket `{}` stands twice", bucket.name)));
        }
        if let Some(owner) = &bucket.owner {
            known_uid(config, owner).map_err(|text| (place, text))?;
        }
    }
    Ok(())
}

fn known_uid(config: &Config, uid: &str) -> Result<(), String> {
    if config.account.iter().any(|account| account.uid == uid) {
        Ok(())
    } else {
        Err(format!("no [[account]] has uid `{uid}`"))
    }
}

fn tls(config: &Config) -> Result<(), Problem> {
    let on = config.tls_address().is_some();
    match (&config.tls_cert, &config.tls_key) {
        (Some(_), None) => Err((Place::Key("tls_cert"), "tls_cert needs tls_key".to_owned())),
        (None, Some(_)) => Err((Place::Key("tls_key"), "tls_key needs tls_cert".to_owned())),
        (Some(_), Some(_)) if !on => Err((Place::Key("tls_cert"), "tls_cert needs tls".to_owned())),
        (Some(_), Some(_)) if config.tls_ca_file.is_some() => Err((
            Place::Key("tls_ca_file"),
            "tls_ca_file is for the local CA, not for tls_cert".to_owned(),
        )),
        _ if config.tls_ca_file.is_some() && !on => Err((
            Place::Key("tls_ca_file"),
            "tls_ca_file needs tls".to_owned(),
        )),
        _ => Ok(()),
    }
}
