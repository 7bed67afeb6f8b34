//! What an object is besides its bytes: type, class, access, encryption marks, headers.

use super::tags::TagSet;
use super::time::Timestamp;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every value, in declaration order; the position is the stored code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Reads the protocol's text.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }

            /// The protocol's text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The stored code.
            pub const fn code(self) -> u8 { self as u8 }

            /// Reads a stored code.
            pub fn from_code(code: u8) -> Option<Self> { Self::ALL.get(usize::from(code)).copied() }
        }
    };
}

named! {
    /// How an object came to be: `x-oss-object-type`.
    ObjectType {
        /// By PutObject, PostObject or CopyObject.
        Normal = "Normal",
        /// By AppendObject.
        Appendable = "Appendable",
        /// By CompleteMultipartUpload.
        Multipart = "Multipart",
        /// By PutSymlink.
        Symlink = "Symlink",
    }
}

named! {
    /// `x-oss-storage-class`.
    #[derive(Default)]
    StorageClass {
        /// Read at once.
        #[default]
        Standard = "Standard",
        /// Infrequent access; read at once.
        Ia = "IA",
        /// To be restored before it is read.
        Archive = "Archive",
        /// To be restored before it is read.
        ColdArchive = "ColdArchive",
        /// To be restored before it is read.
        DeepColdArchive = "DeepColdArchive",
    }
}

impl StorageClass {
    /// Whether objects of the class must be restored before they can be read.
    pub const fn is_archive(self) -> bool {
        matches!(
            self,
            Self::Archive | Self::ColdArchive | Self::DeepColdArchive
        )
    }
}

named! {
    /// `x-oss-object-acl`: overrides the bucket's ACL unless `default`.
    #[derive(Default)]
    ObjectAcl {
        /// As the bucket.
        #[default]
        Default = "default",
        /// Only the owner.
        Private = "private",
        /// Anyone may read.
        PublicRead = "public-read",
        /// Anyone may read and write.
        PublicReadWrite = "public-read-write",
    }
}

named! {
    /// `x-oss-server-side-encryption`.
    SseAlgorithm {
        /// Keys of the service.
        Aes256 = "AES256",
        /// Keys of KMS.
        Kms = "KMS",
        /// Keys of the service, SM4.
        Sm4 = "SM4",
    }
}

/// The encryption marks of an object. Ossicle records and echoes them; the bytes at rest are not encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sse {
    /// `x-oss-server-side-encryption`.
    pub algorithm: SseAlgorithm,
    /// `x-oss-server-side-data-encryption: SM4`, only with KMS.
    pub data_sm4: bool,
    /// `x-oss-server-side-encryption-key-id`, only with KMS.
    pub key_id: Option<String>,
}

/// Headers that are stored with an object and come back with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredHeaders {
    /// `Content-Type`; `application/octet-stream` where none was sent (R23).
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Expires`, verbatim.
    pub expires: Option<String>,
    /// `x-oss-meta-*`: names without the prefix, lower-case, sorted; together at most 8 KiB (R30).
    pub meta: Vec<(String, String)>,
}

/// How the names of metadata begin that client-side encryption needs to read the object again.
const CLIENT_ENCRYPTION: &str = "client-side-encryption-";

impl StoredHeaders {
    /// These headers in place of those of a copy's source. What the bytes cannot be understood without stays, unless
    /// replaced: `Content-Type` (Python v2 `test_metadata_tagging_directive_replace`) and the marks of client-side
    /// encryption (Python v2 `test_different_bucket_single_replace_meta_and_tag`).
    #[must_use]
    pub fn over(mut self, source: Self) -> Self {
        self.content_type = self.content_type.or(source.content_type);
        let marks = source
            .meta
            .into_iter()
            .filter(|(name, _)| name.starts_with(CLIENT_ENCRYPTION));
        for (name, value) in marks {
            if self.meta_value(&name).is_none() {
                self.meta.push((name, value));
            }
        }
        self.meta.sort();
        self
    }

    /// A value of the user metadata, by its name without prefix.
    pub fn meta_value(&self, name: &str) -> Option<&str> {
        self.meta
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Everything a write says about the new object besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectAttributes {
    /// Stored headers.
    pub headers: StoredHeaders,
    /// `x-oss-object-acl`; none leaves the default, or what the object has.
    pub acl: Option<ObjectAcl>,
    /// `x-oss-storage-class`; none takes the bucket's.
    pub storage_class: Option<StorageClass>,
    /// Encryption marks; none takes the bucket's default rule.
    pub sse: Option<Sse>,
    /// `x-oss-tagging`.
    pub tags: TagSet,
}

/// A simulated restore of an archived object (operations.md §E.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restore {
    /// When the restored copy can be read.
    pub ready: Timestamp,
    /// When it goes away again.
    pub expires: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_what_its_bytes_cannot_be_understood_without() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let source = StoredHeaders {
            content_type: Some("text/plain".to_owned()),
            cache_control: Some("no-cache".to_owned()),
            meta: vec![
                pair("client-side-encryption-key", "k"),
                pair("client-side-encryption-start", "s"),
                pair("flag", "a"),
            ],
            ..StoredHeaders::default()
        };
        let asked = StoredHeaders {
            meta: vec![pair("client-side-encryption-start", "t")],
            ..StoredHeaders::default()
        };
        let kept = asked.over(source);
        assert_eq!(kept.content_type.as_deref(), Some("text/plain"));
        assert_eq!(kept.cache_control, None);
        assert_eq!(kept.meta_value("client-side-encryption-key"), Some("k"));
        assert_eq!(kept.meta_value("client-side-encryption-start"), Some("t"));
        assert_eq!(kept.meta_value("flag"), None);
    }
}
