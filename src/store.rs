//! The directory of a set: reading, and the transaction that alone writes.

mod dir;
mod load;
mod near;
mod settled;
mod transaction;

pub use dir::{Dir, DirectoryId, Entry, Kind, has_other_names, mode_of};
pub use load::{Policy, Reader, load_ca, load_leniently, read_path, read_text};
pub use near::ca_below;
pub use settled::settled;
pub use transaction::{Change, Directory, Interrupted, Staged, Step, staged};
