//! Locks of keys and buckets: fixed numbers of them, shared by hash, never held over an await.
//!
//! Order: buckets before keys, each kind by ascending index, each index once. A write to objects holds its buckets
//! shared; what changes a bucket itself holds it alone.

use super::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::hash::{BuildHasher, RandomState};

const BUCKET_LOCKS: usize = 64;
pub(super) const KEY_LOCKS: usize = 1024;

/// All locks of a store.
#[derive(Debug)]
pub(super) struct Locks {
    names: Mutex<()>,
    buckets: Vec<RwLock<()>>,
    keys: Vec<Mutex<()>>,
    // Clients choose keys: without a secret they could make them all meet in one lock.
    hasher: RandomState,
}

/// Which lock a key or an upload has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyLock(usize);

impl KeyLock {
    /// A number below [`KEY_LOCKS`].
    pub(super) fn index(self) -> usize {
        self.0
    }

    #[cfg(test)]
    pub(super) const fn at(index: usize) -> Self {
        Self(index)
    }
}

/// Locks held for a write to objects. Fields drop in order: keys first.
pub(super) struct ObjectGuards<'l> {
    _keys: Vec<MutexGuard<'l, ()>>,
    _buckets: Vec<RwLockReadGuard<'l, ()>>,
}

/// Locks held for a write to a bucket itself.
pub(super) struct BucketGuards<'l> {
    _bucket: Option<RwLockWriteGuard<'l, ()>>,
    _names: MutexGuard<'l, ()>,
}

fn index(number: u64, locks: usize) -> usize {
    usize::try_from(number % locks as u64).unwrap_or_default()
}

impl Locks {
    pub(super) fn new() -> Self {
        Self {
            names: Mutex::new(()),
            buckets: (0..BUCKET_LOCKS).map(|_| RwLock::new(())).collect(),
            keys: (0..KEY_LOCKS).map(|_| Mutex::new(())).collect(),
            hasher: RandomState::new(),
        }
    }

    /// No locks at all, to show what they are for.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self {
            keys: Vec::new(),
            ..Self::new()
        }
    }

    /// The lock of a key, or of an upload by the bytes of its id.
    pub(super) fn of(&self, bucket: u64, key: &[u8]) -> KeyLock {
        let hash = self.hasher.hash_one((bucket, key));
        KeyLock(index(hash, KEY_LOCKS))
    }

    fn bucket_index(bucket: u64) -> usize {
        index(bucket, BUCKET_LOCKS)
    }

    /// Takes buckets shared and keys alone.
    pub(super) fn objects(&self, buckets: &[u64], mut keys: Vec<KeyLock>) -> ObjectGuards<'_> {
        let mut indices: Vec<usize> = buckets.iter().map(|id| Self::bucket_index(*id)).collect();
        indices.sort_unstable();
        indices.dedup();
        keys.sort_unstable();
        keys.dedup();
        let buckets = indices.iter().filter_map(|at| self.buckets.get(*at));
        let buckets = buckets.map(RwLock::read).collect();
        let keys = keys.iter().filter_map(|key| self.keys.get(key.0));
        ObjectGuards {
            _keys: keys.map(Mutex::lock).collect(),
            _buckets: buckets,
        }
    }

    /// Takes the right to create, change or delete buckets, and the bucket itself alone where it exists. `find` looks
    /// the bucket's id up once names can no longer change.
    pub(super) fn bucket<E>(
        &self,
        find: impl FnOnce() -> Result<Option<u64>, E>,
    ) -> Result<BucketGuards<'_>, E> {
        let names = self.names.lock();
        let bucket = find()?.and_then(|id| self.buckets.get(Self::bucket_index(id)));
        Ok(BucketGuards {
            _bucket: bucket.map(RwLock::write),
            _names: names,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn two_keys_in_any_order_do_not_deadlock() {
        let locks = Arc::new(Locks::new());
        let threads: Vec<_> = (0..4u64)
            .map(|thread| {
                let locks = Arc::clone(&locks);
                std::thread::spawn(move || {
                    for n in 0..2000u64 {
                        let (a, b) = if (n + thread) % 2 == 0 {
                            (1, 2)
                        } else {
                            (2, 1)
                        };
                        let keys = vec![locks.of(a, b"k"), locks.of(b, b"k"), locks.of(a, b"k")];
                        drop(locks.objects(&[a, b, a], keys));
                        if n % 100 == 0 {
                            drop(locks.bucket::<()>(|| Ok(Some(a))));
                        }
                    }
                })
            })
            .collect();
        for thread in threads {
            assert!(thread.join().is_ok());
        }
    }

    #[test]
    fn a_bucket_held_alone_keeps_writers_out() {
        let locks = Locks::new();
        let alone = locks.bucket::<()>(|| Ok(Some(7)));
        assert!(alone.is_ok());
        assert!(locks.buckets[Locks::bucket_index(7)].try_read().is_none());
        assert!(locks.buckets[Locks::bucket_index(8)].try_read().is_some());
        drop(alone);
        assert!(locks.buckets[Locks::bucket_index(7)].try_read().is_some());
    }
}
