//! Configurations that a bucket keeps as documents: the mechanism that all their families share.
//!
//! A family with one document for each bucket is a type with [`Document`] and three rows of the table that name
//! [`put`], [`get`] and [`delete`]. One with several documents, each under an id, has a [`Collection`].

use crate::error::{Code, Error, Result};
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::store::{Bucket, Store};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A stored document: its name in the store, and the code where there is none.
pub(super) struct Kind {
    name: &'static str,
    missing: Code,
}

impl Kind {
    /// A kind of document.
    pub const fn new(name: &'static str, missing: Code) -> Self {
        Self { name, missing }
    }

    /// The name in the store.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Replaces the document.
    pub async fn put<T: Serialize>(&self, call: &Call, document: &T) -> Result<Reply> {
        let name = call.bucket_name()?;
        call.store()
            .put_config(name, self.name, written(document)?)
            .await?;
        Ok(reply::empty())
    }

    /// Answers the document, or that there is none.
    pub fn get<T: Serialize + DeserializeOwned>(&self, call: &Call) -> Result<Reply> {
        match stored::<T>(call.store(), call.bucket()?, self)? {
            Some(document) => reply::xml(&document),
            None => Err(self.missing.into()),
        }
    }

    /// Changes the document by what it was; none means absent. An error of `change` leaves it as it is.
    pub async fn update<T: Serialize + DeserializeOwned>(
        &self,
        call: &Call,
        change: impl FnOnce(Option<T>) -> Result<Option<T>> + Send,
    ) -> Result<()> {
        let name = call.bucket_name()?;
        let update = |bytes: Option<Bytes>, _others| {
            let before = bytes.as_deref().map(read).transpose()?;
            change(before)?.as_ref().map(written).transpose()
        };
        call.store()
            .update_config(name, self.name, self.name, update)
            .await
    }

    /// Removes the document; 204 also where there is none.
    pub async fn delete(&self, call: &Call) -> Result<Reply> {
        call.store()
            .delete_config(call.bucket_name()?, self.name)
            .await?;
        Ok(reply::no_content())
    }
}

/// The stored document of a kind.
pub(super) fn stored<T: DeserializeOwned>(
    store: &Store,
    bucket: &Bucket,
    kind: &Kind,
) -> Result<Option<T>> {
    let bytes = store.config(bucket, kind.name)?;
    bytes.as_deref().map(read).transpose()
}

/// A document that cannot be read is our fault: it was checked before it was stored.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    crate::xml::from_xml(bytes).map_err(Error::internal)
}

fn written<T: Serialize>(document: &T) -> Result<Bytes> {
    let bytes = crate::xml::to_xml(document).map_err(Error::internal)?;
    Ok(bytes.into())
}

/// A configuration of which a bucket has at most one.
pub(super) trait Document: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its name in the store, and the code where there is none.
    const KIND: Kind;

    /// The document as it is kept, or why it is refused.
    fn checked(self) -> Result<Self>;

    /// What a bucket without one answers instead of the code.
    fn unset() -> Option<Self> {
        None
    }
}

/// Checks the document and replaces the one that there was.
pub(super) async fn put<D: Document>(mut call: Call) -> Result<Reply> {
    let document = call.xml::<D>().await?.checked()?;

    D::KIND.put(&call, &document).await
}

/// Answers the document, or what stands for none.
pub(super) async fn get<D: Document>(call: Call) -> Result<Reply> {
    match stored::<D>(call.store(), call.bucket()?, &D::KIND)?.or_else(D::unset) {
        Some(document) => reply::xml(&document),
        None => Err(D::KIND.missing.into()),
    }
}

/// The document of the bucket that a call addresses, for operations that go by it.
pub(super) fn find<D: Document>(call: &Call) -> Result<Option<D>> {
    stored(call.store(), call.bucket()?, &D::KIND)
}

/// Removes the document; 204 also where there is none.
pub(super) async fn delete<D: Document>(call: Call) -> Result<Reply> {
    D::KIND.delete(&call).await
}

/// Documents of which a bucket has several, each under an id that the family has checked.
pub(super) struct Collection {
    /// What their kinds in the store start with.
    pub prefix: &'static str,
    /// The code where there is no document of an id.
    pub missing: Code,
    /// How many a bucket may have.
    pub max: usize,
    /// The code of one more.
    pub full: Code,
}

impl Collection {
    fn kind(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }

    /// Changes the document of an id by what it was; none means absent. An error of `change` leaves it as it is.
    pub async fn update<T: Serialize + DeserializeOwned>(
        &self,
        call: &Call,
        id: &str,
        change: impl FnOnce(Option<T>) -> Result<Option<T>> + Send,
    ) -> Result<()> {
        let update = |bytes: Option<Bytes>, others| {
            let before = bytes.as_deref().map(read).transpose()?;
            let after: Option<T> = change(before)?;
            if after.is_some() && others >= self.max {
                return Err(Error::from(self.full));
            }
            after.as_ref().map(written).transpose()
        };
        let name = call.bucket_name()?;
        call.store()
            .update_config(name, &self.kind(id), self.prefix, update)
            .await
    }

    /// The document of an id, or that there is none.
    pub fn get<T: DeserializeOwned>(&self, call: &Call, id: &str) -> Result<T> {
        let bytes = call.store().config(call.bucket()?, &self.kind(id))?;
        read(bytes.as_deref().ok_or(self.missing)?)
    }

    /// Removes the document of an id; 204 also where there is none.
    pub async fn delete(&self, call: &Call, id: &str) -> Result<Reply> {
        let name = call.bucket_name()?;
        call.store().delete_config(name, &self.kind(id)).await?;
        Ok(reply::no_content())
    }

    /// The documents whose ids start with `prefix` and come after `after`, at most `max`, with their ids; and whether
    /// more follow.
    pub fn page<T: DeserializeOwned>(
        &self,
        call: &Call,
        prefix: &str,
        after: &str,
        max: usize,
    ) -> Result<(Vec<(String, T)>, bool)> {
        let after = if after.is_empty() {
            String::new()
        } else {
            self.kind(after)
        };
        let mut rows = call
            .store()
            .configs(call.bucket()?, &self.kind(prefix), &after, max + 1)?;
        let more = rows.len() > max;
        rows.truncate(max);
        let documents = rows.into_iter().map(|(kind, bytes)| {
            let id = kind.strip_prefix(self.prefix).unwrap_or_default();
            Ok((id.to_owned(), read(&bytes)?))
        });
        Ok((documents.collect::<Result<_>>()?, more))
    }
}

/// An id of at most `max` bytes out of letters, digits and `extra`.
pub(super) fn is_id(text: &str, max: usize, extra: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || extra.contains(c);
    (1..=max).contains(&text.len()) && text.chars().all(allowed)
}
