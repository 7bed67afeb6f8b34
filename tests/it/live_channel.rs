//! Live channels: PutLiveChannel ListLiveChannel DeleteLiveChannel PutLiveChannelStatus GetLiveChannelInfo GetLiveChannelStat
//! GetLiveChannelHistory PostVodPlaylist GetVodPlaylist (operations.md section G).

use crate::support::client::Response;
use crate::support::fixture::Bucket;
use crate::support::server::{Server, Settings, shared};

fn configuration(target: &str) -> String {
    format!(
        "<LiveChannelConfiguration><Description>d</Description><Target><Type>HLS</Type>{target}</Target></LiveChannelConfiguration>"
    )
}

fn put(bucket: &Bucket, channel: &str) -> Response {
    let put = bucket.object("PUT", channel).flag("live");
    put.body(configuration("<FragDuration>10</FragDuration>"))
        .send()
}

fn get(bucket: &Bucket, channel: &str, comp: &str) -> Response {
    let get = bucket.object("GET", channel).flag("live");
    match comp {
        "" => get.send(),
        comp => get.param("comp", comp).send(),
    }
}

/// Made, read, replaced, switched off and on, and removed.
#[test]
fn the_life_of_a_channel() {
    let server = shared();
    let bucket = Bucket::new(&server);
    for comp in ["", "stat", "history"] {
        get(&bucket, "c", comp).refused(404, "NoSuchLiveChannel");
    }
    let made = put(&bucket, "c").expect(200).xml();
    let publish = made.text_at("PublishUrls/Url");
    assert!(
        publish.starts_with(&format!("rtmp://{}.", bucket.name)),
        "{publish}"
    );
    assert!(publish.ends_with("/live/c"), "{publish}");
    let play = made.text_at("PlayUrls/Url");
    assert!(play.ends_with("/c/playlist.m3u8"), "{play}");

    let info = get(&bucket, "c", "").expect(200).xml();
    for (path, text) in [
        ("Description", "d"),
        ("Status", "enabled"),
        ("Target/Type", "HLS"),
        ("Target/FragDuration", "10"),
        ("Target/FragCount", "3"),
        ("Target/PlaylistName", "playlist.m3u8"),
    ] {
        assert_eq!(info.text_at(path), text, "{path}");
    }
    let history = get(&bucket, "c", "history").expect(200).xml();
    assert_eq!(history.all("LiveRecord").count(), 0);

    let switch = |channel: &str, status: &str| {
        let put = bucket.object("PUT", channel).flag("live");
        put.param("status", status).send()
    };
    for (status, stat) in [("disabled", "Disabled"), ("enabled", "Idle")] {
        switch("c", status).expect(200);
        assert_eq!(
            get(&bucket, "c", "").expect(200).xml().text_at("Status"),
            status
        );
        let seen = get(&bucket, "c", "stat").expect(200).xml();
        assert_eq!(seen.text_at("Status"), stat);
    }
    switch("c", "perhaps").refused(400, "InvalidArgument");
    switch("another", "enabled").refused(404, "NoSuchLiveChannel");
    bucket.assert_absent("c");

    for _ in 0..2 {
        let delete = bucket.object("DELETE", "c").flag("live");
        delete.send().expect(204);
        get(&bucket, "c", "").refused(404, "NoSuchLiveChannel");
    }
}

/// What is refused leaves no channel, and strangers may nothing.
#[test]
fn what_is_refused() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let long = "c".repeat(65);
    put(&bucket, &long).refused(400, "InvalidChannelName");
    put(&bucket, "a/b").refused(400, "InvalidChannelName");
    for target in [
        "<FragDuration>0</FragDuration>",
        "<FragDuration>101</FragDuration>",
        "<FragCount>0</FragCount>",
        "<PlaylistName>list.txt</PlaylistName>",
    ] {
        let put = bucket.object("PUT", "c").flag("live");
        put.body(configuration(target))
            .send()
            .refused(400, "InvalidArgument");
    }
    let put_text = |text: &str| bucket.object("PUT", "c").flag("live").body(text).send();
    put_text("<LiveChannelConfiguration>").refused(400, "MalformedXML");
    put_text(&configuration("").replace("HLS", "DASH")).refused(400, "InvalidArgument");
    get(&bucket, "c", "").refused(404, "NoSuchLiveChannel");
    put(&bucket, "c").expect(200);
    let stranger = bucket.by(&bucket.client.with_key("otherkey", "other-secret"));
    put(&stranger, "c").refused(403, "AccessDenied");
    get(&stranger, "c", "").refused(403, "AccessDenied");
    let delete = stranger.object("DELETE", "c").flag("live");
    delete.send().refused(403, "AccessDenied");
    get(&bucket, "c", "").expect(200);
}

/// ListLiveChannel goes by prefix and marker; GetBucketStat counts, and a bucket with a channel is not empty.
#[test]
fn channels_are_listed_and_keep_the_bucket() {
    let server = shared();
    let bucket = Bucket::new(&server);
    let list = |query: &[(&str, &str)]| {
        let mut list = bucket.ask("GET").flag("live");
        for (name, value) in query {
            list = list.param(name, value);
        }
        list.send()
    };
    let names = |answer: Response| -> Vec<String> {
        let list = answer.expect(200).xml();
        list.all("LiveChannel")
            .map(|channel| channel.text_at("Name").to_owned())
            .collect()
    };
    assert_eq!(names(list(&[])), Vec::<String>::new());
    for number in 0..10 {
        put(&bucket, &format!("list-{number}")).expect(200);
    }
    put(&bucket, "other").expect(200);
    let query = [("prefix", "list-"), ("marker", "list-4"), ("max-keys", "3")];
    let page = list(&query).expect(200).xml();
    assert_eq!(page.text_at("IsTruncated"), "true");
    assert_eq!(page.text_at("NextMarker"), "list-7");
    let modified = page.text_at("LiveChannel/LastModified");
    assert_eq!(modified.strip_suffix(".000Z").map(str::len), Some(19));
    assert_eq!(names(list(&query)), ["list-5", "list-6", "list-7"]);
    assert_eq!(names(list(&[("marker", "list-9")])), ["other"]);
    assert_eq!(names(list(&[("prefix", "lists")])), Vec::<String>::new());
    list(&[("max-keys", "1001")]).refused(400, "InvalidArgument");

    let stat = bucket.ask("GET").flag("stat").send().expect(200).xml();
    assert_eq!(stat.text_at("LiveChannelCount"), "11");
    bucket.ask("DELETE").send().refused(409, "BucketNotEmpty");
    for name in names(list(&[])) {
        let delete = bucket.object("DELETE", &name).flag("live");
        delete.send().expect(204);
    }
    bucket.ask("DELETE").send().expect(204);
}

/// PostVodPlaylist and GetVodPlaylist find no segments; the codes are those that Python v1 and Node assert.
#[test]
fn there_is_nothing_to_play() {
    let server = shared();
    let bucket = Bucket::new(&server);
    put(&bucket, "c").expect(200);
    let ask = |method: &str, key: &str, span: Option<(u64, u64)>| {
        let mut ask = bucket.object(method, key).flag("vod");
        if let Some((start, end)) = span {
            ask = ask.param("startTime", start).param("endTime", end);
        }
        ask.send()
    };
    let span = Some((1_000_000, 1_003_600));
    for answer in [ask("POST", "c/vod.m3u8", span), ask("GET", "c", span)] {
        let answer = answer.refused(400, "InvalidArgument");
        assert_eq!(answer.header("x-oss-ec"), Some("0044-00000308"));
    }
    for wrong in [Some((0, 86_401)), Some((5, 4))] {
        let answer = ask("POST", "c/vod.m3u8", wrong).refused(400, "InvalidArgument");
        assert_ne!(answer.header("x-oss-ec"), Some("0044-00000308"));
    }
    ask("POST", "c/vod.m3u8", None).refused(400, "MissingArgument");
    ask("POST", "c/vod.txt", span).refused(400, "InvalidRequest");
    ask("POST", "c", span).refused(400, "InvalidChannelName");
    ask("GET", "another", span).refused(404, "NoSuchLiveChannel");
    bucket.assert_absent("c/vod.m3u8");
}

/// Channels and their states are the same after a kill.
#[test]
fn channels_survive_a_kill() {
    let mut server = Server::start(Settings {
        on_disk: true,
        ..Settings::default()
    });
    let bucket = Bucket::new(&server);
    put(&bucket, "c").expect(200);
    put(&bucket, "gone").expect(200);
    let switch = bucket.object("PUT", "c").flag("live");
    switch.param("status", "disabled").send().expect(200);
    let delete = bucket.object("DELETE", "gone").flag("live");
    delete.send().expect(204);
    let before = get(&bucket, "c", "").expect(200).body;
    server.kill();
    server.start_again();
    let bucket = bucket.by(&server.client());
    assert_eq!(get(&bucket, "c", "").expect(200).body, before);
    get(&bucket, "gone", "").refused(404, "NoSuchLiveChannel");
}
