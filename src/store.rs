//! The directory of a set: file names and modes, reading, and the transaction that alone writes.

pub mod layout;
pub mod load;
pub mod transaction;

pub use layout::{FileKind, Layout};
pub use load::load;
pub use transaction::{Change, Directory, Step};
