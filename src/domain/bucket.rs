//! What a bucket is: owner, access, class, versioning.

use super::object::StorageClass;

/// Who may use a bucket without a policy that says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BucketAcl {
    /// Only the owner.
    #[default]
    Private,
    /// Anyone may read objects.
    PublicRead,
    /// Anyone may read and write objects.
    PublicReadWrite,
}

impl BucketAcl {
    /// The value of `x-oss-acl`.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "private" => Self::Private,
            "public-read" => Self::PublicRead,
            "public-read-write" => Self::PublicReadWrite,
            _ => return None,
        })
    }

    /// The text of `Grant`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::PublicRead => "public-read",
            Self::PublicReadWrite => "public-read-write",
        }
    }
}

/// How copies of the data are spread; recorded and answered only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redundancy {
    /// One zone.
    #[default]
    Lrs,
    /// Several zones.
    Zrs,
}

impl Redundancy {
    /// The value of `DataRedundancyType`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "LRS" => Some(Self::Lrs),
            "ZRS" => Some(Self::Zrs),
            _ => None,
        }
    }

    /// The text of `DataRedundancyType`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lrs => "LRS",
            Self::Zrs => "ZRS",
        }
    }
}

/// The state of versioning (operations.md §0.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Versioning {
    /// Never switched on: one version a key, no version ids in answers.
    #[default]
    Off,
    /// Every write makes a new version.
    Enabled,
    /// Writes replace the `null` version; older versions stay.
    Suspended,
}

impl Versioning {
    /// The text of `Status`; none where it was never set.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Off => None,
            Self::Enabled => Some("Enabled"),
            Self::Suspended => Some("Suspended"),
        }
    }

    /// Whether the bucket keeps versions, now or from before.
    pub const fn is_on(self) -> bool {
        !matches!(self, Self::Off)
    }
}

/// The resource group of buckets that name none.
pub const DEFAULT_RESOURCE_GROUP: &str = "rg-default-id";

/// What a bucket is created with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BucketOptions {
    /// Access of others.
    pub acl: BucketAcl,
    /// Class of objects that name none.
    pub storage_class: StorageClass,
    /// Recorded and answered.
    pub redundancy: Redundancy,
    /// Recorded and answered.
    pub resource_group_id: Option<String>,
}
