//! Serial numbers and dates that clients cannot read, or that RFC 5280 does not allow.

use super::clients::Case;
use super::findings::Findings;
use super::{Code, Severity};
use crate::certificate::Certificate;
use crate::serial::SerialFault;

impl Findings {
    pub(super) fn numbers(&mut self, certificate: &Certificate) {
        if let Some(fault) = certificate.serial_fault {
            self.serial(fault);
        }
        if let Some(date) = certificate.malformed_date {
            let message = format!("has a {date} with fractions of a second or without seconds");
            self.certificate(Code::BadDate, message);
        }
    }

    fn serial(&mut self, fault: SerialFault) {
        match fault {
            SerialFault::Negative => {
                self.certificate_case(Code::BadSerial, Case::Negative, "has a negative serial number")
                    .for_runs = Severity::Error;
            }
            // Measured: Go, gRPC's C core, OpenSSL, Node, the JDK, GnuTLS and rustls accept both.
            SerialFault::Zero => {
                self.certificate(
                    Code::BadSerial,
                    "has the serial number zero; RFC 5280 requires a positive one",
                );
            }
            SerialFault::TooLong => {
                self.certificate(
                    Code::BadSerial,
                    "has a serial number of more than 20 bytes, the limit of RFC 5280",
                );
            }
        }
    }
}
