use proptest::prelude::*;

use super::*;
use crate::keys::generate;

#[test]
fn every_kind_goes_out_and_comes_back_in_every_form() {
    for (kind, format, label) in [
        (KeyKind::Rsa(2048), KeyFormat::Pkcs8, "PRIVATE KEY"),
        (KeyKind::Rsa(2048), KeyFormat::Traditional, "RSA PRIVATE KEY"),
        (KeyKind::EcdsaP256, KeyFormat::Pkcs8, "PRIVATE KEY"),
        (KeyKind::EcdsaP256, KeyFormat::Traditional, "EC PRIVATE KEY"),
        (KeyKind::EcdsaP384, KeyFormat::Traditional, "EC PRIVATE KEY"),
        (KeyKind::Ed25519, KeyFormat::Pkcs8, "PRIVATE KEY"),
    ] {
        let key = generate(kind, 1).unwrap().remove(0);
        let pem = key.to_pem(format).unwrap();
        assert!(pem.starts_with(format!("-----BEGIN {label}-----\n").as_bytes()), "{kind} {format:?}");
        assert!(!pem.contains(&b'\r') && pem.ends_with(b"-----\n"), "{kind} {format:?}");
        let (read, read_format) = from_pem(&pem).unwrap();
        assert_eq!((read.public(), read_format), (key.public(), format), "{kind}");
    }
    let ed25519 = generate(KeyKind::Ed25519, 1).unwrap().remove(0);
    assert!(ed25519.to_pem(KeyFormat::Traditional).unwrap_err().message.contains("no traditional form"));
}

#[test]
fn ec_keys_with_a_zero_too_many_or_too_few_are_read() {
    let key = generate(KeyKind::EcdsaP256, 1).unwrap().remove(0);
    let info = PrivateKeyInfoRef::from_der(key.pkcs8()).unwrap();
    let ec = sec1::EcPrivateKey::from_der(info.private_key.as_bytes()).unwrap();
    let longer = [&[0], ec.private_key].concat();
    let odd = sec1::EcPrivateKey { private_key: &longer, parameters: None, public_key: ec.public_key };
    let pkcs8 = to_pkcs8(info.algorithm, &odd.to_der().unwrap()).unwrap();
    assert_eq!(PrivateKey::from_pkcs8(&pkcs8).unwrap().public(), key.public());
    let too_long = [&[1], ec.private_key].concat();
    let odd = sec1::EcPrivateKey { private_key: &too_long, parameters: None, public_key: ec.public_key };
    let pkcs8 = to_pkcs8(info.algorithm, &odd.to_der().unwrap()).unwrap();
    assert_eq!(PrivateKey::from_pkcs8(&pkcs8).unwrap_err(), DAMAGED);
}

#[test]
fn text_and_crlf_around_the_key_do_no_harm() {
    let key = generate(KeyKind::EcdsaP256, 1).unwrap().remove(0);
    let pem = String::from_utf8(key.to_pem(KeyFormat::Pkcs8).unwrap().to_vec()).unwrap();
    let crlf = pem.replace('\n', "\r\n");
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    for text in [crlf.clone(), format!("Bag Attributes\n{pem}"), format!("{parameters}{pem}\n\n")] {
        assert_eq!(from_pem(text.as_bytes()).unwrap().0.public(), key.public(), "{text}");
    }
}

#[test]
fn what_is_no_key_is_named() {
    for (file, problem) in [
        ("", KeyProblem::Empty),
        (" \n", KeyProblem::Empty),
        ("garbage", KeyProblem::Form(Form::Text)),
        (
            "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
            KeyProblem::NoKey("CERTIFICATE".into()),
        ),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n", DAMAGED),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA==\n-----END RSA PRIVATE KEY-----\n",
            KeyProblem::Encrypted(false),
        ),
        ("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n", DAMAGED),
        ("-----BEGIN PRIVATE KEY-----\nAA==\n", CUT_SHORT),
    ] {
        assert_eq!(from_pem(file.as_bytes()).unwrap_err(), problem, "{file:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(file in any::<Vec<u8>>()) {
        prop_assert!(from_pem(&file).is_err());
    }

    #[test]
    fn a_flipped_bit_never_panics(at in 0usize..240, bit in 0u8..8) {
        let key = generate(KeyKind::EcdsaP256, 1).unwrap().remove(0);
        let mut pem = key.to_pem(KeyFormat::Pkcs8).unwrap();
        let at = at % pem.len();
        pem[at] ^= 1 << bit;
        let _ = from_pem(&pem);
    }
}
