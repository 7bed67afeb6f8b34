//! The behaviour of the built binary over real HTTP, tested from the specification alone: one integration binary, one module per family.
//! Tests name the rule (R..) or scenario (S..) of the append specification they hold the server to.

#![allow(
    clippy::too_many_lines,
    clippy::type_complexity,
    reason = "a scenario is told from beginning to end, and a table of cases is one value"
)]
#![allow(
    clippy::format_collect,
    clippy::items_after_statements,
    clippy::needless_pass_by_value,
    reason = "test code is read more often than it runs"
)]

mod support;

mod access;
mod acl;
mod append;
mod append_concurrent;
mod append_copy_seal;
mod append_integrity;
mod append_meta;
mod auth_matrix;
mod bucket;
mod callback;
mod config;
mod config_sets;
mod copy;
mod delete;
mod edge;
mod house;
mod image;
mod lifecycle;
mod list;
mod live_channel;
mod matrix;
mod multipart;
mod object;
mod permission;
mod post_object;
mod presign;
mod restart;
mod rules;
mod sts;
mod tagging;
mod versioning;
mod website;
