//! Drives the binary as a user does, in temporary directories.

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is the test's answer")]
#![expect(clippy::case_sensitive_file_extension_comparisons, reason = "the nine names are exactly these")]

mod access;
mod again;
mod agreement;
mod check;
mod config;
mod constrain;
mod crash;
mod examples;
mod fixtures;
mod fresh;
mod guards;
mod handshake;
mod identities;
mod interop;
mod manual;
mod messages;
mod openssl;
mod peers;
mod probe;
mod project;
mod refused;
mod renew_ca;
mod sign;
mod signer;
mod support;
mod tls_dir;
mod troubleshooting;
