//! Documents of live channels (operations.md section G).
#![expect(missing_docs, reason = "fields are the protocol's own element names")]

use super::value::non_empty;
use serde::{Deserialize, Serialize};

/// `?live`: a channel's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "LiveChannelConfiguration",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct LiveChannelConfiguration {
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub status: String,
    pub target: LiveChannelTarget,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<LiveChannelSnapshot>,
}

/// How segments are made. Numbers are signed: bad ones have a code of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LiveChannelTarget {
    #[serde(default)]
    pub r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frag_duration: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frag_count: Option<i64>,
    #[serde(
        default,
        deserialize_with = "non_empty",
        skip_serializing_if = "Option::is_none"
    )]
    pub playlist_name: Option<String>,
}

/// Where pictures of a stream go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LiveChannelSnapshot {
    pub role_name: String,
    pub dest_bucket: String,
    pub notify_topic: String,
    pub interval: i64,
}

/// A channel as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "StoredLiveChannel",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct StoredLiveChannel {
    pub last_modified: String,
    pub live_channel_configuration: LiveChannelConfiguration,
}

/// Addresses of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Urls {
    #[serde(default)]
    pub url: Vec<String>,
}

/// The answer of PutLiveChannel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "CreateLiveChannelResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct CreateLiveChannelResult {
    pub publish_urls: Urls,
    pub play_urls: Urls,
}

/// The answer of ListLiveChannel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "ListLiveChannelResult",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct ListLiveChannelResult {
    pub prefix: String,
    pub marker: String,
    pub max_keys: usize,
    pub is_truncated: bool,
    pub next_marker: String,
    #[serde(default)]
    pub live_channel: Vec<LiveChannelSummary>,
}

/// A channel in the list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LiveChannelSummary {
    pub name: String,
    pub description: String,
    pub status: String,
    pub last_modified: String,
    pub publish_urls: Urls,
    pub play_urls: Urls,
}

/// The answer of GetLiveChannelStat of a channel that nobody pushes to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename = "LiveChannelStat",
    rename_all = "PascalCase",
    deny_unknown_fields
)]
pub struct LiveChannelStat {
    pub status: String,
}

/// The answer of GetLiveChannelHistory; nobody ever pushed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "LiveChannelHistory", deny_unknown_fields)]
pub struct LiveChannelHistory {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::golden;

    #[test]
    fn channels() {
        let configuration = LiveChannelConfiguration {
            description: "first".into(),
            status: "enabled".into(),
            target: LiveChannelTarget {
                r#type: "HLS".into(),
                frag_duration: Some(5),
                frag_count: Some(3),
                playlist_name: Some("playlist.m3u8".into()),
            },
            snapshot: Some(LiveChannelSnapshot {
                role_name: "role".into(),
                dest_bucket: "b".into(),
                notify_topic: "t".into(),
                interval: 5,
            }),
        };
        let text = "<LiveChannelConfiguration><Description>first</Description><Status>enabled</Status><Target><Type>HLS</Type>\
            <FragDuration>5</FragDuration><FragCount>3</FragCount><PlaylistName>playlist.m3u8</PlaylistName></Target>\
            <Snapshot><RoleName>role</RoleName><DestBucket>b</DestBucket><NotifyTopic>t</NotifyTopic>\
            <Interval>5</Interval></Snapshot></LiveChannelConfiguration>";
        golden(&configuration, text);
        golden(
            &StoredLiveChannel {
                last_modified: "2016-11-25T18:59:00.000Z".into(),
                live_channel_configuration: configuration,
            },
            &format!(
                "<StoredLiveChannel><LastModified>2016-11-25T18:59:00.000Z</LastModified>{text}</StoredLiveChannel>"
            ),
        );
    }

    #[test]
    fn answers() {
        let urls = |url: &str| Urls {
            url: vec![url.into()],
        };
        golden(
            &CreateLiveChannelResult {
                publish_urls: urls("rtmp://b.h/live/c"),
                play_urls: urls("http://b.h/c/playlist.m3u8"),
            },
            "<CreateLiveChannelResult><PublishUrls><Url>rtmp://b.h/live/c</Url></PublishUrls>
                <PlayUrls><Url>http://b.h/c/playlist.m3u8</Url></PlayUrls></CreateLiveChannelResult>",
        );
        golden(
            &ListLiveChannelResult {
                max_keys: 100,
                live_channel: vec![LiveChannelSummary {
                    name: "c".into(),
                    status: "disabled".into(),
                    last_modified: "2016-11-25T18:59:00.000Z".into(),
                    ..LiveChannelSummary::default()
                }],
                ..ListLiveChannelResult::default()
            },
            "<ListLiveChannelResult><Prefix/><Marker/><MaxKeys>100</MaxKeys><IsTruncated>false</IsTruncated>
                <NextMarker/><LiveChannel><Name>c</Name><Description/><Status>disabled</Status>
                <LastModified>2016-11-25T18:59:00.000Z</LastModified><PublishUrls/><PlayUrls/></LiveChannel>
                </ListLiveChannelResult>",
        );
        golden(
            &LiveChannelStat {
                status: "Idle".into(),
            },
            "<LiveChannelStat><Status>Idle</Status></LiveChannelStat>",
        );
        golden(&LiveChannelHistory {}, "<LiveChannelHistory/>");
    }
}
