//! Serial numbers of new certificates, and ca.srl.

use std::path::Path;

use super::Work;
use crate::error::{Failure, Result};
use crate::files::{FileKind, quoted};
use crate::plan::{LeafPlan, Plan};
use crate::serial::Serial;
use crate::set::Loaded;

impl<R: FnMut(&mut [u8]) -> Result<()>> Work<R> {
    /// ca.srl, after all that was signed; also where it was only missing.
    pub(super) fn serial_file(&mut self, plan: &Plan) -> Result<()> {
        if !plan.leaves.iter().any(LeafPlan::signs) {
            if !self.set.ca.serial.is_missing() || plan.leaves.is_empty() {
                return Ok(());
            }
            // The issued numbers are lost with the file: a random start does not repeat one.
            let last = Serial::from_random(self.random_bytes()?);
            self.set.ca.serial = Loaded::Parsed(Some(last));
        }
        if let Loaded::Parsed(Some(last)) = &self.set.ca.serial {
            let contents = last.to_srl().into_bytes();
            let base = self.set.ca_base.clone();
            self.write(&base, FileKind::Serial, contents);
        }
        Ok(())
    }

    /// The number after ca.srl's, as `openssl x509 -CAserial` counts; numbers in use here are passed over.
    pub(super) fn next_serial(&mut self) -> Result<Serial> {
        let last = match &self.set.ca.serial {
            Loaded::Parsed(Some(last)) => Some(last.clone()),
            // "00" stands before the first certificate.
            Loaded::Parsed(None) => None,
            Loaded::Missing
            | Loaded::Discarded
            | Loaded::Locked(_)
            | Loaded::Forbidden(_)
            | Loaded::Unreadable(_)
            | Loaded::Damaged(_) => Some(Serial::from_random(self.random_bytes()?)),
        };
        let first = match &last {
            Some(last) => last.next(),
            None => Serial::from_der_integer(&[1]).ok(),
        };
        let in_use = self.serials_in_use();
        std::iter::successors(first, Serial::next).find(|serial| !in_use.contains(serial)).ok_or_else(|| {
            let file = self.set.ca_base.file(FileKind::Serial);
            Failure::failed(format!("{file}: holds the last serial number that fits in 20 bytes"))
                .hint(format!("start from a new number with: rm {}", quoted(Path::new(&file))))
        })
    }

    fn serials_in_use(&self) -> Vec<Serial> {
        let leaves = self.set.leaves.iter().filter_map(|leaf| leaf.files.parsed_certificate());
        self.set.ca_certificate().into_iter().chain(leaves).filter_map(|c| c.serial.clone()).collect()
    }

    pub(super) fn random_bytes(&mut self) -> Result<[u8; 20]> {
        let mut bytes = [0; 20];
        (self.random)(&mut bytes)?;
        Ok(bytes)
    }
}
