//! The listings of a bucket: objects (two forms) and versions.

use super::{acl, versioning, website};
use crate::domain::object::{Restore, StorageClass};
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::http::headers;
use crate::http::query::Query;
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::store::{ListQuery, ListedObject, ListedVersion, VersionQuery};
use crate::xml::encoding::Encoding;
use crate::xml::list::{
    CommonPrefixes, Contents, DeleteMarker, ListObjectsResult, ListObjectsV2Result,
    ListVersionsResult, Version, VersionEntry,
};
use crate::xml::object::Owner;
use base64::Engine as _;
use base64::alphabet::Alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

/// Entries of one page unless asked otherwise.
const MAX_KEYS_DEFAULT: usize = 100;
/// Most entries of one page.
const MAX_KEYS_MAX: usize = 1000;
/// Most bytes of a prefix, delimiter or marker.
const TEXT_MAX: usize = 1023;

/// What all listings ask for.
#[derive(Debug)]
struct Asked<'a> {
    prefix: &'a str,
    delimiter: Option<&'a str>,
    max: usize,
    encoding: Encoding,
}

impl<'a> Asked<'a> {
    fn of(query: &'a Query) -> Result<Self> {
        Ok(Self {
            prefix: query.text("prefix", TEXT_MAX)?.unwrap_or_default(),
            delimiter: text(query, "delimiter")?,
            max: query
                .number("max-keys", 1..=MAX_KEYS_MAX)?
                .unwrap_or(MAX_KEYS_DEFAULT),
            encoding: encoding(query)?,
        })
    }

    fn common_prefixes(&self, prefixes: &[String]) -> Vec<CommonPrefixes> {
        let folded = |prefix: &String| CommonPrefixes {
            prefix: self.encoding.text(prefix),
        };
        prefixes.iter().map(folded).collect()
    }

    fn contents(&self, object: &ListedObject, owner: Option<Owner>, now: Timestamp) -> Contents {
        Contents {
            key: self.encoding.text(&object.key),
            last_modified: object.modified.iso8601(),
            etag: object.etag.quoted(),
            r#type: object.kind.as_str().to_owned(),
            size: object.len,
            storage_class: object.storage_class.as_str().to_owned(),
            owner,
            restore_info: restore_info(object.storage_class, object.restore.as_ref(), now),
            transition_time: object.transitioned.map(Timestamp::iso8601),
        }
    }
}

/// A parameter of bounded length; empty counts as absent.
fn text<'a>(query: &'a Query, name: &'static str) -> Result<Option<&'a str>> {
    Ok(query.text(name, TEXT_MAX)?.filter(|text| !text.is_empty()))
}

/// `encoding-type`; anything but `url` is refused.
pub(super) fn encoding(query: &Query) -> Result<Encoding> {
    let value = query.get("encoding-type");
    Encoding::parse(value).ok_or_else(|| {
        let message = "The encoding-type is not supported.";
        Error::invalid_argument("encoding-type", value.unwrap_or_default(), message)
    })
}

/// `RestoreInfo` and `x-oss-restore`: only archived objects have one.
pub(super) fn restore_info(
    class: StorageClass,
    restore: Option<&Restore>,
    now: Timestamp,
) -> Option<String> {
    let restore = restore.filter(|_| class.is_archive())?;
    headers::restore_state(*restore, now)
}

/// ListObjects; an anonymous visitor of a website gets its front page instead.
pub async fn objects(call: Call) -> Result<Reply> {
    if let Some(page) = website::front_page(&call)? {
        return Ok(page);
    }
    let query = call.query();
    let asked = Asked::of(query)?;
    let marker = text(query, "marker")?;
    let bucket = call.bucket()?;

    let page = call.store().list_objects(
        bucket,
        &ListQuery {
            prefix: asked.prefix.to_owned(),
            after: marker.map(str::to_owned),
            delimiter: asked.delimiter.map(str::to_owned),
            max: asked.max,
        },
    )?;

    let owner = acl::owner(&call, &bucket.owner);
    let now = call.now();
    reply::xml(&ListObjectsResult {
        name: bucket.name.as_str().to_owned(),
        prefix: asked.encoding.text(asked.prefix),
        marker: asked.encoding.text(marker.unwrap_or_default()),
        max_keys: asked.max,
        delimiter: asked.encoding.text(asked.delimiter.unwrap_or_default()),
        is_truncated: page.next.is_some(),
        next_marker: page.next.map(|next| asked.encoding.text(&next)),
        encoding_type: asked.encoding.name(),
        common_prefixes: asked.common_prefixes(&page.prefixes),
        contents: page
            .objects
            .iter()
            .map(|object| asked.contents(object, Some(owner.clone()), now))
            .collect(),
    })
}

/// ListObjectsV2.
pub async fn objects_v2(call: Call) -> Result<Reply> {
    let query = call.query();
    let asked = Asked::of(query)?;
    let start_after = text(query, "start-after")?;
    let token = query.non_empty("continuation-token");
    let resumed = token.map(decode_token).transpose()?;
    let fetch_owner = query.get("fetch-owner") == Some("true");
    let bucket = call.bucket()?;

    let page = call.store().list_objects(
        bucket,
        &ListQuery {
            prefix: asked.prefix.to_owned(),
            after: resumed.or_else(|| start_after.map(str::to_owned)),
            delimiter: asked.delimiter.map(str::to_owned),
            max: asked.max,
        },
    )?;

    let owner = fetch_owner.then(|| acl::owner(&call, &bucket.owner));
    let now = call.now();
    reply::xml(&ListObjectsV2Result {
        name: bucket.name.as_str().to_owned(),
        prefix: asked.encoding.text(asked.prefix),
        start_after: start_after.map(|text| asked.encoding.text(text)),
        max_keys: asked.max,
        delimiter: asked.encoding.text(asked.delimiter.unwrap_or_default()),
        is_truncated: page.next.is_some(),
        continuation_token: token.map(str::to_owned),
        next_continuation_token: page.next.as_deref().map(encode_token),
        encoding_type: asked.encoding.name(),
        key_count: page.objects.len() + page.prefixes.len(),
        common_prefixes: asked.common_prefixes(&page.prefixes),
        contents: page
            .objects
            .iter()
            .map(|object| asked.contents(object, owner.clone(), now))
            .collect(),
    })
}

/// The service's tokens are base64 with `-` for padding: `CgJiYw--` resumes after `bc`. Of the two characters
/// beside letters and digits only such are taken that no URL encoding touches.
const TOKEN: GeneralPurpose = GeneralPurpose::new(
    &match Alphabet::new("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._") {
        Ok(alphabet) => alphabet,
        Err(_) => panic!("64 distinct characters"),
    },
    NO_PAD,
);

/// The token that resumes after `key`: field 1 of a message, its length and its bytes.
fn encode_token(key: &str) -> String {
    let mut message = vec![0x0A];
    let mut length = key.len();
    while length >= 0x80 {
        message.push(length.to_le_bytes()[0] | 0x80);
        length >>= 7;
    }
    message.push(length.to_le_bytes()[0]);
    message.extend_from_slice(key.as_bytes());
    let mut token = TOKEN.encode(message);
    while token.len() % 4 != 0 {
        token.push('-');
    }
    token
}

fn decode_token(token: &str) -> Result<String> {
    parse_token(token).ok_or_else(|| {
        let message = "The continuation token provided is incorrect.";
        Error::invalid_argument("continuation-token", token, message)
    })
}

fn parse_token(token: &str) -> Option<String> {
    let message = TOKEN.decode(token.trim_end_matches('-')).ok()?;
    let mut bytes = message.strip_prefix(&[0x0A])?;
    let mut length = 0usize;
    for shift in [0, 7, 14] {
        let (first, rest) = bytes.split_first()?;
        bytes = rest;
        length |= usize::from(first & 0x7F) << shift;
        if first & 0x80 == 0 {
            let key = (bytes.len() == length).then(|| bytes.to_vec())?;
            return String::from_utf8(key).ok();
        }
    }
    None
}

/// ListObjectVersions.
pub async fn versions(call: Call) -> Result<Reply> {
    let query = call.query();
    let asked = Asked::of(query).map_err(|error| error.ec("0012-00000102"))?;
    let key_marker = text(query, "key-marker")?;
    let version_text = text(query, "version-id-marker")?;
    if let (None, Some(value)) = (key_marker, version_text) {
        let message = "A version-id marker cannot be specified without a key marker.";
        return Err(Error::invalid_argument("version-id-marker", value, message));
    }
    let version_marker = version_text
        .map(|text| versioning::parse("version-id-marker", text))
        .transpose()?;
    let bucket = call.bucket()?;

    let page = call.store().list_versions(
        bucket,
        &VersionQuery {
            prefix: asked.prefix.to_owned(),
            key_marker: key_marker.map(str::to_owned),
            version_marker,
            delimiter: asked.delimiter.map(str::to_owned),
            max: asked.max,
        },
    )?;

    let owner = acl::owner(&call, &bucket.owner);
    let (next_key, next_version) = page.next.map_or((None, None), |(key, version)| {
        let version = version.map_or_else(String::new, |version| version.to_string());
        (Some(asked.encoding.text(&key)), Some(version))
    });
    let prefixes = asked.common_prefixes(&page.prefixes).into_iter();
    let entries = page.entries.into_iter();
    let entries = entries.map(|entry| version_entry(entry, &asked, &owner, call.now()));
    reply::xml(&ListVersionsResult {
        name: bucket.name.as_str().to_owned(),
        prefix: asked.encoding.text(asked.prefix),
        key_marker: asked.encoding.text(key_marker.unwrap_or_default()),
        version_id_marker: version_text.unwrap_or_default().to_owned(),
        max_keys: asked.max,
        delimiter: asked.encoding.text(asked.delimiter.unwrap_or_default()),
        is_truncated: next_key.is_some(),
        encoding_type: asked.encoding.name(),
        next_key_marker: next_key,
        next_version_id_marker: next_version,
        entries: entries
            .chain(prefixes.map(VersionEntry::CommonPrefixes))
            .collect(),
    })
}

fn version_entry(
    entry: ListedVersion,
    asked: &Asked<'_>,
    owner: &Owner,
    now: Timestamp,
) -> VersionEntry {
    match entry {
        ListedVersion::Object(object) => VersionEntry::Version(Version {
            key: asked.encoding.text(&object.key),
            version_id: object.version.to_string(),
            is_latest: object.is_latest,
            last_modified: object.modified.iso8601(),
            etag: object.etag.quoted(),
            r#type: object.kind.as_str().to_owned(),
            size: object.len,
            storage_class: object.storage_class.as_str().to_owned(),
            restore_info: restore_info(object.storage_class, object.restore.as_ref(), now),
            transition_time: object.transitioned.map(Timestamp::iso8601),
            owner: owner.clone(),
        }),
        ListedVersion::DeleteMarker(marker) => VersionEntry::DeleteMarker(DeleteMarker {
            key: asked.encoding.text(&marker.key),
            version_id: marker.version.to_string(),
            is_latest: marker.is_latest,
            last_modified: marker.modified.iso8601(),
            owner: owner.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_resume_where_they_say() {
        assert_eq!(encode_token("bc"), "CgJiYw--");
        let long = "k".repeat(1023);
        for key in ["", "a", "bc", "中文/\u{1}", "~~~???>>>", long.as_str()] {
            let token = encode_token(key);
            assert_eq!(parse_token(&token).as_deref(), Some(key), "{token}");
            assert_eq!(crate::xml::encoding::percent(&token), token);
        }
        for bad in [
            "err-token",
            "",
            "-",
            "CgNiYw--",
            "CgJiYw--x",
            "CwJiYw--",
            "C",
            "Cv____8-",
        ] {
            assert_eq!(parse_token(bad), None, "{bad}");
        }
    }

    #[test]
    fn texts_and_numbers_are_bounded() {
        let long = "a".repeat(1024);
        let bad = [
            "max-keys=0".to_owned(),
            "max-keys=1001".to_owned(),
            "max-keys=x".to_owned(),
            format!("prefix={long}"),
            format!("delimiter={long}"),
            "encoding-type=base64".to_owned(),
        ];
        for raw in bad {
            let query = Query::parse(&raw).expect("query");
            assert!(Asked::of(&query).is_err(), "{raw}");
        }
        let query = Query::parse("prefix=&delimiter=&max-keys=&encoding-type=url").expect("query");
        let asked = Asked::of(&query).unwrap();
        assert_eq!((asked.prefix, asked.delimiter, asked.max), ("", None, 100));
        assert_eq!(asked.encoding, Encoding::Url);
    }

    #[test]
    fn restores_show_for_archived_objects_only() {
        let restore = Restore {
            ready: Timestamp::from_seconds(10),
            expires: Timestamp::from_seconds(20),
        };
        let info =
            |class, seconds| restore_info(class, Some(&restore), Timestamp::from_seconds(seconds));
        assert_eq!(info(StorageClass::Standard, 0), None);
        assert_eq!(
            restore_info(StorageClass::Archive, None, Timestamp(0)),
            None
        );
        assert_eq!(
            info(StorageClass::Archive, 9).as_deref(),
            Some("ongoing-request=\"true\"")
        );
        assert_eq!(
            info(StorageClass::ColdArchive, 10).as_deref(),
            Some("ongoing-request=\"false\", expiry-date=\"Thu, 01 Jan 1970 00:00:20 GMT\"")
        );
    }
}
