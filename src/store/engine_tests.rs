//! Tests of the engine as a whole, in memory mode and on disk.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss
)] // tests use small numbers

use super::engine::*;
use std::ops::Bound;

fn memory() -> Engine {
    Engine::open(EngineOptions::default()).unwrap()
}

fn put(engine: &Engine, key: &[u8], value: &[u8]) {
    let mut batch = engine.batch();
    batch.put(key.to_vec(), value.to_vec());
    batch.submit().wait().unwrap();
}

fn keys(engine: &Engine) -> Vec<Vec<u8>> {
    let rows = engine
        .scan(
            View::Committed,
            Bound::Unbounded,
            Bound::Excluded(&[0xE0]),
            usize::MAX,
        )
        .unwrap();
    rows.into_iter().map(|(key, _)| key.to_vec()).collect()
}

/// Bytes that depend on their position and on `seed`.
fn pattern(seed: u64, len: usize) -> Vec<u8> {
    let byte = |n: u64| {
        let mixed = (seed << 32 ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((mixed ^ mixed >> 31).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 56) as u8
    };
    (0..len as u64).map(byte).collect()
}

fn all(engine: &Engine, content: &Content) -> Vec<u8> {
    engine
        .read(content, 0..content.len())
        .read_to_end()
        .unwrap()
}

#[test]
fn rows_come_back_in_order_and_deleted_ones_do_not() {
    let engine = memory();
    for n in (0..1000u32).rev() {
        put(&engine, &n.to_be_bytes(), &n.to_le_bytes());
    }
    let mut batch = engine.batch();
    for n in (0..1000u32).step_by(2) {
        batch.delete(n.to_be_bytes().to_vec());
    }
    batch.submit().wait().unwrap();
    let want: Vec<_> = (1..1000u32)
        .step_by(2)
        .map(|n| n.to_be_bytes().to_vec())
        .collect();
    assert_eq!(keys(&engine), want);
    assert_eq!(
        engine.get(View::Committed, &2u32.to_be_bytes()).unwrap(),
        None
    );
    assert_eq!(
        &engine
            .get(View::Committed, &3u32.to_be_bytes())
            .unwrap()
            .unwrap()[..],
        &3u32.to_le_bytes()
    );
}

#[test]
fn appends_read_back_whole_and_in_ranges() {
    let engine = memory();
    let mut content = Content::empty(engine.next_content_id());
    let mut want = Vec::new();
    for n in 0..2000 {
        let piece = pattern(n, 1 + (n as usize * 37) % 4000);
        let mut batch = engine.batch();
        content = batch.append_small(&content, &piece).unwrap();
        let mut value = Vec::new();
        content.encode(&mut value);
        batch.put(b"object".to_vec(), value);
        batch.submit().wait().unwrap();
        want.extend(piece);
    }
    let row = engine.get(View::Committed, b"object").unwrap().unwrap();
    let content = Content::decode(&mut &row[..]).unwrap();
    assert_eq!(all(&engine, &content), want);
    for (from, to) in [
        (0, 1),
        (511, 513),
        (262_143, 262_145),
        (want.len() - 1, want.len()),
        (1000, 900_000),
    ] {
        let read = engine
            .read(&content, from as u64..to as u64)
            .read_to_end()
            .unwrap();
        assert!(read == want[from..to], "{from}..{to}");
    }
    let reserve = engine.figures().allocated_bytes as f64 / want.len() as f64;
    assert!(reserve <= 1.5 + 0.01, "allocated {reserve} times the bytes");
}

#[test]
fn large_bodies_page_their_extents_and_free_everything() {
    let engine = memory();
    let mut content = Content::empty(engine.next_content_id());
    let mut want = Vec::new();
    for n in 0..12 {
        let body = pattern(n, 9_000_000);
        let mut writer = engine.stage((n % 2 == 0).then_some(9_000_000));
        for piece in body.chunks(70_001) {
            writer.write_now(piece).unwrap();
        }
        let mut batch = engine.batch();
        content = batch.attach(&content, writer.finish()).unwrap();
        batch.submit().wait().unwrap();
        want.extend(body);
    }
    assert!(content.pages() > 1, "{} pages", content.pages());
    assert!(all(&engine, &content) == want);
    for at in (0..want.len() - 300_000).step_by(7_654_321) {
        let read = engine
            .read(&content, at as u64..at as u64 + 300_000)
            .read_to_end()
            .unwrap();
        assert!(read == want[at..at + 300_000], "at {at}");
    }
    let mut batch = engine.batch();
    batch.release(&content).unwrap();
    batch.submit().wait().unwrap();
    let figures = engine.figures();
    assert_eq!(
        (
            figures.allocated_bytes,
            figures.waiting_bytes,
            figures.live_bytes
        ),
        (0, 0, 0)
    );
    let left = engine
        .scan(View::Committed, Bound::Unbounded, Bound::Unbounded, 10)
        .unwrap();
    assert!(left.is_empty(), "rows left: {left:?}");
    let mut reader = engine.read(&content, 0..10);
    let first = futures_util::FutureExt::now_or_never(futures_util::StreamExt::next(&mut reader));
    assert!(matches!(first, Some(Some(Err(EngineError::Stale)))));
}

#[test]
fn a_copy_outlives_its_source_and_neither_sees_the_others_appends() {
    let engine = memory();
    let mut batch = engine.batch();
    let source = batch
        .append_small(&Content::empty(engine.next_content_id()), b"shared")
        .unwrap();
    batch.submit().wait().unwrap();
    let mut batch = engine.batch();
    let copy = batch.share(&source, engine.next_content_id()).unwrap();
    batch.submit().wait().unwrap();
    let mut batch = engine.batch();
    let copy = batch.append_small(&copy, b" by the copy").unwrap();
    batch.submit().wait().unwrap();
    let mut batch = engine.batch();
    let source = batch.append_small(&source, b" by the source").unwrap();
    batch.submit().wait().unwrap();
    assert_eq!(all(&engine, &source), b"shared by the source");
    assert_eq!(all(&engine, &copy), b"shared by the copy");

    let mut batch = engine.batch();
    batch.release(&source).unwrap();
    batch.submit().wait().unwrap();
    assert_eq!(all(&engine, &copy), b"shared by the copy");
    assert!(engine.figures().allocated_bytes > 0);
    let mut batch = engine.batch();
    batch.release(&copy).unwrap();
    batch.submit().wait().unwrap();
    assert_eq!(engine.figures().allocated_bytes, 0, "the last owner frees");
    assert!(
        engine
            .scan(View::Committed, Bound::Unbounded, Bound::Unbounded, 10)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn parts_become_one_content_without_moving() {
    let engine = memory();
    let mut parts = Vec::new();
    let mut want = Vec::new();
    for n in 0..30 {
        let body = pattern(n, 200_000);
        let mut writer = engine.stage(Some(200_000));
        writer.write_now(&body).unwrap();
        let mut batch = engine.batch();
        parts.push(
            batch
                .attach(&Content::empty(engine.next_content_id()), writer.finish())
                .unwrap(),
        );
        batch.submit().wait().unwrap();
        want.extend(body);
    }
    let before = engine.figures().allocated_bytes;
    let mut batch = engine.batch();
    // A part copied from an object that lives on.
    let kept = batch.share(&parts[3], engine.next_content_id()).unwrap();
    let whole = batch.concat(parts, engine.next_content_id()).unwrap();
    batch.submit().wait().unwrap();
    assert!(all(&engine, &whole) == want);
    assert_eq!(engine.figures().allocated_bytes, before);
    let mut batch = engine.batch();
    batch.release(&whole).unwrap();
    batch.submit().wait().unwrap();
    assert!(all(&engine, &kept) == pattern(3, 200_000));
}

#[test]
fn what_is_dropped_before_it_is_submitted_leaves_no_space_behind() {
    let engine = memory();
    let mut writer = engine.stage(None);
    writer.write_now(&vec![1; 1_000_000]).unwrap();
    drop(writer);
    let mut writer = engine.stage(Some(5));
    writer.write_now(&vec![1; 1_000_000]).unwrap();
    drop(writer.finish());
    let mut batch = engine.batch();
    batch
        .append_small(&Content::empty(1), &vec![2; 100_000])
        .unwrap();
    drop(batch);
    assert_eq!(engine.figures().allocated_bytes, 0);
}

#[test]
fn a_reader_keeps_its_bytes_through_release_and_reuse() {
    let engine = memory();
    let body = pattern(1, 100_000);
    let mut batch = engine.batch();
    let content = batch.append_small(&Content::empty(1), &body).unwrap();
    batch.submit().wait().unwrap();
    let reader = engine.read(&content, 0..100_000);
    let mut batch = engine.batch();
    batch.release(&content).unwrap();
    batch.submit().wait().unwrap();
    for n in 0..20 {
        let mut batch = engine.batch();
        batch
            .append_small(&Content::empty(2 + n), &pattern(9, 100_000))
            .unwrap();
        batch.submit().wait().unwrap();
    }
    assert!(reader.read_to_end().unwrap() == body);
    // The control: without a pin from before, the bytes may be gone, and that is noticed.
    for n in 0..20 {
        let mut batch = engine.batch();
        batch
            .append_small(&Content::empty(99 + n), &pattern(9, 100_000))
            .unwrap();
        batch.submit().wait().unwrap();
    }
    assert!(matches!(
        engine.read(&content, 0..100_000).read_to_end(),
        Err(EngineError::Corrupt { .. })
    ));
}

#[test]
fn bounds_of_rows_are_refused_at_submit() {
    let engine = memory();
    for (key, len) in [
        (vec![], 1),
        (vec![1; KEY_MAX + 1], 1),
        (vec![1], VALUE_MAX + 1),
    ] {
        let mut batch = engine.batch();
        batch.put(key, vec![0; len]);
        assert!(matches!(
            batch.submit().wait(),
            Err(EngineError::TooLarge { .. })
        ));
    }
    assert!(keys(&engine).is_empty());
}

#[test]
fn a_long_download_holds_its_own_bytes_and_no_others() {
    let engine = memory();
    let mut contents = Vec::new();
    for n in 0..4 {
        let mut batch = engine.batch();
        contents.push(
            batch
                .append_small(&Content::empty(n + 1), &pattern(n, 100_000))
                .unwrap(),
        );
        batch.submit().wait().unwrap();
    }
    let download = engine.read(&contents[0], 0..100_000);
    let again = engine.read(&contents[0], 0..100_000);
    for content in &contents {
        let mut batch = engine.batch();
        batch.release(content).unwrap();
        batch.submit().wait().unwrap();
    }
    assert_eq!(engine.figures().waiting_bytes, 100_352);
    drop(again);
    assert_eq!(engine.figures().waiting_bytes, 100_352);
    assert!(download.read_to_end().unwrap() == pattern(0, 100_000));
    assert_eq!(
        (
            engine.figures().waiting_bytes,
            engine.figures().allocated_bytes
        ),
        (0, 0)
    );
}
