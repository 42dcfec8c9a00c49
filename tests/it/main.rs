//! Drives the binary as a user does, in temporary directories.

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is the test's answer")]
#![expect(clippy::case_sensitive_file_extension_comparisons, reason = "the nine names are exactly these")]

// What is not for Unix alone runs on Windows too.
#[cfg(unix)]
mod access;
mod again;
#[cfg(unix)]
mod agreement;
#[cfg(unix)]
mod algorithms;
#[cfg(unix)]
mod chains;
#[cfg(unix)]
mod check;
#[cfg(unix)]
mod config;
#[cfg(unix)]
mod constrain;
mod crash;
#[cfg(unix)]
mod etcd;
#[cfg(unix)]
mod examples;
#[cfg(unix)]
mod fixtures;
#[cfg(unix)]
mod foreign;
#[cfg(unix)]
mod fresh;
mod guards;
#[cfg(unix)]
mod handshake;
#[cfg(unix)]
mod hostile;
mod identities;
#[cfg(unix)]
mod interop;
#[cfg(unix)]
mod keys;
#[cfg(unix)]
mod kills;
#[cfg(unix)]
mod manual;
#[cfg(unix)]
mod members;
#[cfg(unix)]
mod memory;
#[cfg(unix)]
mod messages;
#[cfg(unix)]
mod names;
#[cfg(unix)]
mod openssl;
#[cfg(unix)]
mod pages;
#[cfg(unix)]
mod peers;
#[cfg(unix)]
mod probe;
#[cfg(unix)]
mod project;
#[cfg(unix)]
mod refused;
#[cfg(unix)]
mod rehearsal;
#[cfg(unix)]
mod renew_ca;
#[cfg(unix)]
mod screen;
#[cfg(unix)]
mod sign;
#[cfg(unix)]
mod signer;
mod support;
#[cfg(unix)]
mod threads;
#[cfg(unix)]
mod tls_dir;
#[cfg(unix)]
mod troubleshooting;
#[cfg(unix)]
mod typing;
#[cfg(windows)]
mod windows;
#[cfg(unix)]
mod words;
