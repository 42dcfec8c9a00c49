//! Drives the binary as a user does, in temporary directories.

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is the test's answer")]
#![expect(clippy::case_sensitive_file_extension_comparisons, reason = "the nine names are exactly these")]

mod access;
mod again;
mod agreement;
mod algorithms;
mod chains;
mod check;
mod config;
mod constrain;
mod crash;
mod etcd;
mod examples;
mod fixtures;
mod foreign;
mod fresh;
mod guards;
mod handshake;
mod hostile;
mod identities;
mod interop;
mod keys;
mod kills;
mod manual;
mod members;
mod memory;
mod messages;
mod names;
mod openssl;
mod pages;
mod peers;
mod probe;
mod project;
mod refused;
mod rehearsal;
mod renew_ca;
mod sign;
mod signer;
mod support;
mod threads;
mod tls_dir;
mod troubleshooting;
