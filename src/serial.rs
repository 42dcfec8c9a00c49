//! Serial numbers and `ca.srl`, the file in which OpenSSL keeps the one issued last.

use std::fmt;

/// Why a certificate's serial number is none that RFC 5280 section 4.1.2.2 allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SerialFault {
    /// Zero. All clients accept it.
    Zero,
    /// Below zero. Go 1.23 and later cannot load the certificate.
    Negative,
    /// More than 20 bytes. All clients accept it.
    TooLong,
}

/// A positive serial number of at most 20 bytes (RFC 5280 section 4.1.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serial([u8; 20]);

impl Serial {
    /// A number of exactly 159 bits from 20 random bytes: always 20 bytes in DER, never negative.
    ///
    /// `openssl x509 -CAcreateserial` starts from a number of that size too.
    pub fn from_random(mut bytes: [u8; 20]) -> Self {
        bytes[0] = bytes[0] & 0x7f | 0x40;
        Self(bytes)
    }

    /// A serial number as a certificate has it: big-endian, perhaps with a leading zero byte.
    pub fn from_der_integer(bytes: &[u8]) -> Result<Self, SerialFault> {
        if bytes.first().is_some_and(|first| first & 0x80 != 0) {
            return Err(SerialFault::Negative);
        }
        if bytes.iter().all(|&byte| byte == 0) {
            return Err(SerialFault::Zero);
        }
        Self::from_magnitude(bytes).ok_or(SerialFault::TooLong)
    }

    fn from_magnitude(bytes: &[u8]) -> Option<Self> {
        let start = bytes.iter().position(|&byte| byte != 0)?;
        let significant = &bytes[start..];
        let mut padded = [0; 20];
        let offset = padded.len().checked_sub(significant.len())?;
        padded[offset..].copy_from_slice(significant);
        Some(Self(padded)).filter(|serial| serial.0[0] & 0x80 == 0)
    }

    /// Reads `ca.srl`: hexadecimal digits of either case; space around them is ignored.
    ///
    /// Zero is what `echo 00 > ca.srl` leaves before the first certificate, hence `Ok(None)` for it.
    pub fn parse_srl(text: &[u8]) -> Result<Option<Self>, &'static str> {
        let text = std::str::from_utf8(text).map_err(|_| "is not text")?.trim();
        if text.is_empty() {
            return Err("is empty");
        }
        if text.len() > 64 {
            return Err("is longer than a serial number");
        }
        if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err("is not a hexadecimal number");
        }
        let padded = if text.len().is_multiple_of(2) { text.to_owned() } else { format!("0{text}") };
        let bytes: Vec<u8> = (0..padded.len())
            .step_by(2)
            .filter_map(|at| u8::from_str_radix(&padded[at..at + 2], 16).ok())
            .collect();
        if bytes.iter().all(|&byte| byte == 0) {
            return Ok(None);
        }
        Self::from_magnitude(&bytes).map(Some).ok_or("holds a number of more than 20 bytes")
    }

    /// The number after this one; `None` past 20 bytes.
    pub fn next(&self) -> Option<Self> {
        let mut bytes = self.0;
        for byte in bytes.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
        Some(Self(bytes)).filter(|serial| serial.0[0] & 0x80 == 0)
    }

    /// Big-endian without leading zeros.
    pub fn bytes(&self) -> &[u8] {
        let start = self.0.iter().position(|&byte| byte != 0).unwrap_or(self.0.len() - 1);
        &self.0[start..]
    }

    /// The content of `ca.srl`: upper-case hex, an even number of digits, a newline.
    pub fn to_srl(&self) -> String {
        format!("{self}\n")
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes().iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn srl(text: &str) -> Serial {
        Serial::parse_srl(text.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn reads_and_writes_what_openssl_does() {
        for (text, written) in [
            ("01\n", "01\n"),
            ("1", "01\n"),
            ("0abc", "0ABC\n"),
            ("00ff\r\n", "FF\n"),
            (" 7F ", "7F\n"),
            ("7fffffffffffffffffffffffffffffffffffffff", "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\n"),
        ] {
            assert_eq!(srl(text).to_srl(), written, "{text:?}");
        }
        assert_eq!(Serial::parse_srl(b"00\n"), Ok(None));
    }

    #[test]
    fn refuses_what_is_no_serial_number() {
        for (text, why) in [
            ("", "empty"),
            ("\n", "empty"),
            ("xyz", "hexadecimal"),
            ("-1", "hexadecimal"),
            ("01 02", "hexadecimal"),
            ("80000000000000000000000000000000000000ff", "20 bytes"),
            ("010000000000000000000000000000000000000000", "20 bytes"),
            (&"1".repeat(100), "longer"),
        ] {
            let error = Serial::parse_srl(text.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{text:?}: {error}");
        }
        assert!(Serial::parse_srl(b"\xff\xfe").is_err());
    }

    #[test]
    fn counts_with_carry_and_stops_at_the_end() {
        assert_eq!(srl("FF").next(), Some(srl("0100")));
        assert_eq!(srl("01FFFF").next(), Some(srl("020000")));
        assert_eq!(srl("7fffffffffffffffffffffffffffffffffffffff").next(), None);
    }

    #[test]
    fn what_is_no_serial_number_in_a_certificate_says_why() {
        assert_eq!(Serial::from_der_integer(&[0x80]), Err(SerialFault::Negative));
        assert_eq!(Serial::from_der_integer(&[0]), Err(SerialFault::Zero));
        assert_eq!(Serial::from_der_integer(&[]), Err(SerialFault::Zero));
        assert_eq!(Serial::from_der_integer(&[0, 0x80]), Ok(srl("80")));
        assert_eq!(Serial::from_der_integer(&[1; 21]), Err(SerialFault::TooLong));
        // Twenty bytes with the highest bit set need one more in DER.
        let mut long = [0xff; 21];
        long[0] = 0;
        assert_eq!(Serial::from_der_integer(&long), Err(SerialFault::TooLong));
    }

    proptest! {
        #[test]
        fn random_ones_have_159_bits(bytes in any::<[u8; 20]>()) {
            let serial = Serial::from_random(bytes);
            prop_assert_eq!(serial.bytes().len(), 20);
            prop_assert_eq!(serial.bytes()[0] >> 6, 1);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in any::<Vec<u8>>()) {
            let _ = Serial::parse_srl(&bytes);
            let _ = Serial::from_der_integer(&bytes);
        }

        #[test]
        fn what_is_written_is_read_again(bytes in any::<[u8; 20]>()) {
            let serial = Serial::from_random(bytes);
            prop_assert_eq!(Serial::parse_srl(serial.to_srl().as_bytes()), Ok(Some(serial)));
        }
    }
}
