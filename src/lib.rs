//! Ossicle: a server that speaks the Alibaba Cloud OSS protocol.
