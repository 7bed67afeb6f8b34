//! Forms: no panic, and a form means the same however the network cuts it.
#![no_main]

use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt as _;
use libfuzzer_sys::fuzz_target;
use ossicle::error::Result;
use ossicle::http::body::RequestBody;
use ossicle::http::form::{FormReader, PartHead};

/// Every part of the form that arrives in pieces of `size` bytes.
fn read(form: &[u8], size: usize) -> Result<Vec<(PartHead, Vec<u8>)>> {
    let pieces: Vec<std::io::Result<Bytes>> = form.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let mut body = RequestBody::new(body, &http::HeaderMap::new()).expect("a body without headers");
    let mut reader = FormReader::new("multipart/form-data; boundary=b").expect("a boundary");
    let parts = async {
        let mut parts = Vec::new();
        while let Some(head) = reader.next_part(&mut body).await? {
            let mut bytes = Vec::new();
            while let Some(more) = reader.chunk(&mut body).await? {
                assert!(!more.is_empty());
                bytes.extend_from_slice(&more);
            }
            parts.push((head, bytes));
        }
        Ok(parts)
    };
    parts.now_or_never().expect("nothing to wait for")
}

fuzz_target!(|data: &[u8]| {
    let Some((size, form)) = data.split_first() else { return };
    let whole = read(form, form.len().max(1)).map_err(|error| error.code());
    let cut = read(form, usize::from(*size).max(1)).map_err(|error| error.code());
    assert_eq!(whole, cut);
    if let Ok(parts) = whole {
        assert!(parts.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() <= form.len());
    }
});
