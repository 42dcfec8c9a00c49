//! One file a command, each a short story: read, decide, act, report.

pub mod ensure;
