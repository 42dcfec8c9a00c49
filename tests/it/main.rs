//! Drives the binary as a user does, in temporary directories.

mod again;
mod crash;
mod fresh;
//mod handshake;
//mod messages;
mod openssl;
//mod project;
mod refused;
mod support;
