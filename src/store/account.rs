//! What an account has set for all its buckets.

use super::bucket::Bucket;
use super::engine::View;
use super::record::corrupt;
use super::{Result, Store};

const FORMAT: u8 = 1;

impl Store {
    /// Whether the account blocks public access to all its buckets; false where it never said.
    pub fn account_blocks_public_access(&self, uid: &str) -> Result<bool> {
        let row = self.keys().account(uid);
        match self.inner.engine.get(View::Committed, &row)?.as_deref() {
            None | Some([FORMAT, 0]) => Ok(false),
            Some([FORMAT, 1]) => Ok(true),
            Some(_) => Err(corrupt("an account record")),
        }
    }

    /// Sets whether the account blocks public access to all its buckets.
    pub async fn block_public_access(&self, uid: &str, block: bool) -> Result<()> {
        let commit = {
            let mut change = self.change(&[], Vec::new());
            change.put(self.keys().account(uid), vec![FORMAT, u8::from(block)]);
            change.submit()
        };
        Ok(commit.await?)
    }

    /// Whether public access to a bucket is blocked, by itself or by its owner's account.
    pub fn blocks_public_access(&self, bucket: &Bucket) -> Result<bool> {
        Ok(bucket.settings.public_access_block == Some(true)
            || self.account_blocks_public_access(&bucket.owner)?)
    }
}
