//! Live channels: kept, listed and switched. Nobody can push a stream here, so a channel is never live and has no
//! segments.

use super::bucket::Endpoints;
use super::document::Collection;
use crate::error::{Code, Error, Result};
use crate::http::query::Query;
use crate::http::reply::{self, Reply};
use crate::operation::Call;
use crate::store::LIVE_CHANNELS;
use crate::xml::live::{
    CreateLiveChannelResult, ListLiveChannelResult, LiveChannelConfiguration, LiveChannelHistory,
    LiveChannelStat, LiveChannelSummary, StoredLiveChannel, Urls,
};

const CHANNELS: Collection = Collection {
    prefix: LIVE_CHANNELS,
    missing: Code::NoSuchLiveChannel,
    max: 1000,
    full: Code::InvalidArgument,
};

/// Most bytes of a channel's name.
const NAME_MAX: usize = 64;
/// Most bytes of a description.
const DESCRIPTION_MAX: usize = 128;
/// Bytes of a playlist's name.
const PLAYLIST_NAME: std::ops::RangeInclusive<usize> = 6..=128;
/// Longest time that one playlist covers, in seconds: a day.
const PLAYLIST_SECONDS_MAX: u64 = 24 * 60 * 60;

/// Channels of one page unless asked otherwise.
const PAGE_DEFAULT: usize = 100;
/// Most channels of one page.
const PAGE_MAX: usize = 1000;
/// Most bytes of a prefix or marker.
const TEXT_MAX: usize = 1023;

fn refuse<T>(name: &'static str, value: &str, message: &'static str) -> Result<T> {
    Err(Error::invalid_argument(name, value, message))
}

/// The channel that the path names.
fn name(call: &Call) -> Result<&str> {
    let name = call.key()?.as_str();
    if name.len() > NAME_MAX || name.contains(['/', '\\']) {
        return Err(Code::InvalidChannelName.into());
    }
    Ok(name)
}

/// PutLiveChannel: makes a channel or replaces its configuration.
pub async fn put(mut call: Call) -> Result<Reply> {
    let configuration = checked(call.xml().await?)?;
    let name = name(&call)?;

    let answer = CreateLiveChannelResult {
        publish_urls: publish_urls(&call, name)?,
        play_urls: play_urls(&call, name, &configuration)?,
    };
    let channel = StoredLiveChannel {
        last_modified: call.now().floor_to_second().iso8601(),
        live_channel_configuration: configuration,
    };
    CHANNELS
        .update(&call, name, |_: Option<StoredLiveChannel>| {
            Ok(Some(channel))
        })
        .await?;

    reply::xml(&answer)
}

/// Fills in what may be left out.
fn checked(mut configuration: LiveChannelConfiguration) -> Result<LiveChannelConfiguration> {
    if configuration.description.len() > DESCRIPTION_MAX {
        return refuse("Description", "", "The description is too long.");
    }
    if configuration.status.is_empty() {
        "enabled".clone_into(&mut configuration.status);
    }
    check_status(&configuration.status)?;
    let target = &mut configuration.target;
    if target.r#type != "HLS" {
        return refuse("Type", &target.r#type, "The target type is not valid.");
    }
    let duration = *target.frag_duration.get_or_insert(5);
    let count = *target.frag_count.get_or_insert(3);
    for (name, number) in [("FragDuration", duration), ("FragCount", count)] {
        if !(1..=100).contains(&number) {
            return refuse(name, &number.to_string(), "The value is out of range.");
        }
    }
    let playlist = target
        .playlist_name
        .get_or_insert_with(|| "playlist.m3u8".to_owned());
    if !is_playlist(playlist) {
        return refuse("PlaylistName", playlist, "The playlist name is not valid.");
    }
    if let Some(snapshot) = &configuration.snapshot
        && !(1..=100).contains(&snapshot.interval)
    {
        let value = snapshot.interval.to_string();
        return refuse("Interval", &value, "The value is out of range.");
    }
    Ok(configuration)
}

/// Node says `Enabled` where the others say `enabled`, and wants back what it said.
fn check_status(status: &str) -> Result<()> {
    let known = ["enabled", "disabled"];
    if known.iter().any(|known| known.eq_ignore_ascii_case(status)) {
        return Ok(());
    }
    refuse("Status", status, "The live channel status is not valid.")
}

fn is_playlist(name: &str) -> bool {
    PLAYLIST_NAME.contains(&name.len())
        && name.strip_suffix(".m3u8").is_some()
        && !name.contains(['/', '\\'])
}

fn publish_urls(call: &Call, name: &str) -> Result<Urls> {
    let (bucket, host) = (call.bucket_name()?, Endpoints::of(call).extranet);
    Ok(Urls {
        url: vec![format!("rtmp://{}.{host}/live/{name}", bucket.as_str())],
    })
}

fn play_urls(call: &Call, name: &str, configuration: &LiveChannelConfiguration) -> Result<Urls> {
    let (bucket, host) = (call.bucket_name()?, Endpoints::of(call).extranet);
    let playlist = configuration.target.playlist_name.as_deref();
    let playlist = playlist.unwrap_or_default();
    Ok(Urls {
        url: vec![format!(
            "http://{}.{host}/{name}/{playlist}",
            bucket.as_str()
        )],
    })
}

/// ListLiveChannel.
pub async fn list(call: Call) -> Result<Reply> {
    let query = call.query();
    let prefix = query.text("prefix", TEXT_MAX)?.unwrap_or_default();
    let marker = query.text("marker", TEXT_MAX)?.unwrap_or_default();
    let max = query.number("max-keys", 1..=PAGE_MAX)?;
    let max = max.unwrap_or(PAGE_DEFAULT);

    let (found, more) = CHANNELS.page(&call, prefix, marker, max)?;

    let next = found.last().filter(|_| more).map(|(name, _)| name.clone());
    let summary = |(name, channel): (String, StoredLiveChannel)| {
        let configuration = channel.live_channel_configuration;
        Ok(LiveChannelSummary {
            publish_urls: publish_urls(&call, &name)?,
            play_urls: play_urls(&call, &name, &configuration)?,
            name,
            description: configuration.description,
            status: configuration.status,
            last_modified: channel.last_modified,
        })
    };
    reply::xml(&ListLiveChannelResult {
        prefix: prefix.to_owned(),
        marker: marker.to_owned(),
        max_keys: max,
        is_truncated: more,
        next_marker: next.unwrap_or_default(),
        live_channel: found.into_iter().map(summary).collect::<Result<_>>()?,
    })
}

/// DeleteLiveChannel: 204 also where there is none. Objects below the channel's name stay.
pub async fn delete(call: Call) -> Result<Reply> {
    CHANNELS.delete(&call, name(&call)?).await
}

/// PutLiveChannelStatus.
pub async fn put_status(call: Call) -> Result<Reply> {
    let status = call.query().get("status").unwrap_or_default();
    check_status(status)?;

    let change = |channel: Option<StoredLiveChannel>| {
        let mut channel = channel.ok_or(Code::NoSuchLiveChannel)?;
        status.clone_into(&mut channel.live_channel_configuration.status);
        Ok(Some(channel))
    };
    CHANNELS.update(&call, name(&call)?, change).await?;

    Ok(reply::empty())
}

fn channel(call: &Call) -> Result<StoredLiveChannel> {
    CHANNELS.get(call, name(call)?)
}

/// GetLiveChannelInfo.
pub async fn info(call: Call) -> Result<Reply> {
    reply::xml(&channel(&call)?.live_channel_configuration)
}

/// GetLiveChannelStat: idle while it is enabled.
pub async fn stat(call: Call) -> Result<Reply> {
    let status = channel(&call)?.live_channel_configuration.status;

    reply::xml(&LiveChannelStat {
        status: if status.eq_ignore_ascii_case("enabled") {
            "Idle"
        } else {
            "Disabled"
        }
        .to_owned(),
    })
}

/// GetLiveChannelHistory: nobody ever pushed.
pub async fn history(call: Call) -> Result<Reply> {
    channel(&call)?;

    reply::xml(&LiveChannelHistory {})
}

/// PostVodPlaylist: there is nothing to play, whether or not there is the channel, which Node's suite does not make.
pub async fn post_playlist(call: Call) -> Result<Reply> {
    let (channel, playlist) = call.key()?.as_str().split_once('/').unwrap_or_default();
    if channel.is_empty() || channel.len() > NAME_MAX {
        return Err(Code::InvalidChannelName.into());
    }
    if !is_playlist(playlist) {
        let message = "Playlist name must ends with \".m3u8\".";
        return Err(Error::new(Code::InvalidRequest).message(message));
    }
    check_span(call.query())?;

    no_segments()
}

/// GetVodPlaylist: there is nothing to play.
pub async fn get_playlist(call: Call) -> Result<Reply> {
    channel(&call)?;
    check_span(call.query())?;

    no_segments()
}

/// `startTime` and `endTime`, in seconds since 1970, at most a day apart.
fn check_span(query: &Query) -> Result<()> {
    let start: Option<u64> = query.number("startTime", 0..=u64::MAX)?;
    let end: Option<u64> = query.number("endTime", 0..=u64::MAX)?;
    let (Some(start), Some(end)) = (start, end) else {
        return Err(Code::MissingArgument.into());
    };
    if start <= end && end - start <= PLAYLIST_SECONDS_MAX {
        return Ok(());
    }
    refuse(
        "endTime",
        &end.to_string(),
        "The time span of the playlist is not valid.",
    )
}

/// Code and extended code are what Python v1 and Node assert of a span without segments.
fn no_segments() -> Result<Reply> {
    let error = Error::new(Code::InvalidArgument);
    Err(error
        .ec("0044-00000308")
        .message("No ts file found in specified time span."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::live::{LiveChannelSnapshot, LiveChannelTarget};

    fn channel() -> LiveChannelConfiguration {
        LiveChannelConfiguration {
            target: LiveChannelTarget {
                r#type: "HLS".into(),
                ..LiveChannelTarget::default()
            },
            ..LiveChannelConfiguration::default()
        }
    }

    #[test]
    fn channels_are_checked_and_completed() {
        let kept = checked(channel()).unwrap();
        assert_eq!(kept.status, "enabled");
        assert_eq!(kept.target.frag_duration, Some(5));
        assert_eq!(kept.target.frag_count, Some(3));
        assert_eq!(kept.target.playlist_name.as_deref(), Some("playlist.m3u8"));
        let bad: [fn(&mut LiveChannelConfiguration); 8] = [
            |it| it.description = "d".repeat(129),
            |it| it.status = "perhaps".into(),
            |it| it.target.r#type = "DASH".into(),
            |it| it.target.frag_duration = Some(0),
            |it| it.target.frag_count = Some(101),
            |it| it.target.playlist_name = Some("list.txt".into()),
            |it| it.target.playlist_name = Some("a/b.m3u8".into()),
            |it| it.snapshot = Some(LiveChannelSnapshot::default()),
        ];
        for (at, change) in bad.iter().enumerate() {
            let mut it = channel();
            change(&mut it);
            let code = checked(it).unwrap_err().code();
            assert_eq!(code, Code::InvalidArgument, "case {at}");
        }
    }

    #[test]
    fn spans_are_at_most_a_day() {
        let check = |raw: &str| check_span(&Query::parse(raw).unwrap());
        for good in ["startTime=0&endTime=86400", "startTime=5&endTime=5"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["startTime=0&endTime=86401", "startTime=5&endTime=4"] {
            assert_eq!(check(bad).unwrap_err().code(), Code::InvalidArgument);
        }
        assert_eq!(
            check("endTime=1").unwrap_err().code(),
            Code::MissingArgument
        );
    }
}
