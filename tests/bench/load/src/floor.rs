//! The floor: an axum server that discards what it gets and serves bytes from memory. Nobody on the same stack and the
//! same loopback can be faster.

use crate::client::Result;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::Path,
    http::StatusCode,
    routing::any,
};
use http_body_util::BodyExt as _;
use std::net::Ipv4Addr;

/// Serves until it is ended. `GET /bench/get-<bytes>-<anything>` answers that many bytes.
pub fn serve(port: u16) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
            // Best effort: without it the floor is merely not the floor.
            let _ = stream.set_nodelay(true);
        });
        let bytes = Bytes::from(vec![7; 100 << 20]);
        let get = move |Path(key): Path<String>| async move {
            let length = key
                .split('-')
                .nth(1)
                .and_then(|text| text.parse().ok())
                .unwrap_or(0);
            bytes.slice(..length)
        };
        let methods = any(discard).get(get).head(async || StatusCode::OK);
        let router = Router::new()
            .route("/bench/{*key}", methods)
            .layer(axum::extract::DefaultBodyLimit::disable());
        axum::serve(listener, router).await?;
        Ok(())
    })
}

async fn discard(mut body: Body) -> StatusCode {
    while let Some(Ok(_)) = body.frame().await {}
    StatusCode::OK
}
