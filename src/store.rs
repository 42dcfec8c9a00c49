//! The directory of a set: reading, and the transaction that alone writes.

pub mod load;
pub mod transaction;

pub use load::{
    certificates_in, has_access, load, load_ca, load_leaves, look, look_at, mode_of, read_in, read_typed,
};
pub use transaction::{Change, Directory, Step};
