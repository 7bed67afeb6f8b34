//! Ossicle: a self-hosted server that speaks the Alibaba Cloud OSS protocol, with AppendObject at its heart.
//!
//! # The layers
//!
//! A module may import only what stands to its left; a test (`tests/it/house.rs`) reads the `use` lines and fails on
//! any other edge.
//!
//! ```text
//! domain < store, xml, picture < error < http < auth < config < lifecycle < app < operation < ops < dispatch < server < cli, main
//! ```
//!
//! | module | the question that it answers |
//! |---|---|
//! | [`domain`] | what is a name, a time, a digest, a tag? Pure types, valid by construction |
//! | [`store`] | what happens to the data, and is it safe? No HTTP, no XML, no error codes |
//! | [`xml`] | how do the documents look? Serde structs with golden tests |
//! | [`picture`] | what does image processing make of a picture? No HTTP, bounded in pixels, bytes and turns |
//! | [`error`] | which code, status and text? One table, and the one place where facts of the store become codes |
//! | [`http`] | what was asked? Address, query, headers, body, conditions; and how an answer is written |
//! | [`auth`] | who asks, and may they? V1, V2, V4, forms, tokens; ACLs and policies; fails closed |
//! | [`config`] | what can be configured, and from where |
//! | [`lifecycle`] | what do lifecycle rules do, and when? |
//! | [`app`] | what do all requests share? Store, credentials, clock, ids |
//! | [`operation`] | what is an operation, how does a request find its own, what does a handler receive? |
//! | [`ops`] | THE TABLE, and one file of short handlers for each family |
//! | [`dispatch`] | the life of a request, in one file; the only one that sees all others |
//! | [`server`], [`tls`] | sockets, deadlines, limits, certificates |
//! | [`cli`] | commands, banner, exit codes |
//!
//! # The walk of one AppendObject
//!
//! 1. `server` accepts, sets `TCP_NODELAY`, bounds the header's time and size, and hands over a request.
//! 2. [`dispatch`] gives it an id, refuses what HTTP allows and OSS does not (two hosts, two framings), and splits host and
//!    path into an [`http::address::Address`]. `operation::resolve` finds the row with the selector `append`.
//! 3. [`auth::authenticate`] checks the signature, [`auth::authorize`] the permission. Only it can make the
//!    [`auth::Admitted`] without which no [`operation::Call`] exists, so no handler can forget to ask.
//! 4. `ops::append` reads position and headers, asks the store for an early refusal (before `100 Continue`), streams the
//!    body into it, and makes ONE store call.
//! 5. `store` takes the key's lock, compares position and length in the pending state, reserves room at the object's tail,
//!    and puts record, bytes and space into one batch. The lock is gone before any disk is waited for.
//! 6. The committer writes everything that queued up as one record group with one sync, publishes it, and wakes the
//!    waiting calls. What is acknowledged is durable.
//! 7. `http::reply` adds the headers that every answer has. An error from any of these places becomes its document there.
//!
//! # Adding an operation
//!
//! A row in [`ops`], a handler in its family's file, its documents in [`xml`], its method in [`store`] if it needs a new
//! fact, and a test from a documented exchange. Routing, permission, body limit, `ossicle operations` and the README's
//! matrix follow from the row.
//!
//! A configuration that a bucket only keeps needs no handler: its rows name those of `ops::document`, its type says what
//! is refused, and a row in `tests/it/config.rs` tests it.

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod dispatch;
pub mod domain;
pub mod error;
pub mod http;
pub mod lifecycle;
pub mod operation;
pub mod ops;
pub mod picture;
pub mod server;
pub mod store;
pub mod tls;
pub mod xml;
