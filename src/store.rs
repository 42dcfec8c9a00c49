//! The directory of a set: reading, and the transaction that alone writes.

mod dir;
mod load;
mod settled;
mod transaction;

pub use dir::{Dir, Entry};
pub use load::{Policy, Reader, load_ca, look_at, mode_of, read_typed};
pub use settled::settled;
pub use transaction::{Change, Directory, Interrupted, Staged, Step, staged};
