//! `ca.srl`, and the serial number of a certificate.
#![no_main]

use libfuzzer_sys::fuzz_target;
use milvus_certgen::serial::Serial;

fuzz_target!(|file: &[u8]| {
    let from_file = Serial::parse_srl(file).ok().flatten();
    let from_certificate = Serial::from_der_integer(file);
    for serial in from_file.into_iter().chain(from_certificate) {
        let bytes = serial.bytes();
        assert!((1..=20).contains(&bytes.len()) && bytes[0] != 0, "{serial}");
        assert_eq!(Serial::parse_srl(serial.to_srl().as_bytes()), Ok(Some(serial.clone())));
        assert_eq!(Serial::from_der_integer(&[&[0], bytes].concat()).as_ref(), Ok(&serial));
        assert!(serial.next().is_none_or(|next| next > serial), "{serial}");
    }
});
