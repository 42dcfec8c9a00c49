use der::asn1::Any;
use der::{Encode, Tag};

use super::*;

fn gen_sh() -> Subject {
    [
        (AttributeType::Country, "CN"),
        (AttributeType::Organization, "milvus"),
        (AttributeType::OrganizationalUnit, "milvus"),
        (AttributeType::CommonName, "localhost"),
    ]
    .into_iter()
    .fold(Subject::default(), |s, (attribute, value)| s.with(attribute, "--flag", value).unwrap())
}

#[test]
fn keeps_gen_sh_order_whatever_the_order_of_setting() {
    let backwards = [
        (AttributeType::CommonName, "localhost"),
        (AttributeType::OrganizationalUnit, "milvus"),
        (AttributeType::Organization, "milvus"),
        (AttributeType::Country, "cn"),
    ]
    .into_iter()
    .fold(Subject::default(), |s, (attribute, value)| s.with(attribute, "--flag", value).unwrap());
    assert_eq!(backwards, gen_sh());
    assert_eq!(backwards.to_string(), "C=CN, O=milvus, OU=milvus, CN=localhost");
}

#[test]
fn an_empty_value_leaves_the_attribute_out() {
    let subject = gen_sh().with(AttributeType::OrganizationalUnit, "--ou", "").unwrap();
    assert_eq!(subject.to_string(), "C=CN, O=milvus, CN=localhost");
    assert_eq!(subject.clone().with(AttributeType::State, "--state", "").unwrap(), subject);
}

#[test]
fn limits_are_counted_in_characters() {
    for (attribute, limit) in [
        (AttributeType::CommonName, 64),
        (AttributeType::Organization, 64),
        (AttributeType::OrganizationalUnit, 64),
        (AttributeType::State, 128),
        (AttributeType::Locality, 128),
    ] {
        let longest = "\u{4e0a}".repeat(limit);
        assert!(Subject::default().with(attribute, "--flag", &longest).is_ok(), "{attribute:?}");
        let error = Subject::default().with(attribute, "--flag", &format!("{longest}x")).unwrap_err();
        assert!(error.message.contains(&format!("at most {limit}")), "{error}");
    }
}

#[test]
fn bad_values_are_refused() {
    for (attribute, value, why) in [
        (AttributeType::Country, "CHN", "two letters"),
        (AttributeType::Country, "C", "two letters"),
        (AttributeType::Country, "C1", "two letters"),
        (AttributeType::Country, "\u{4e2d}", "two letters"),
        (AttributeType::Organization, "a\nb", "control character"),
        (AttributeType::CommonName, "a\0", "control character"),
        (AttributeType::Locality, "\u{1b}[31m", "control character"),
    ] {
        let error = Subject::default().with(attribute, "--flag", value).unwrap_err();
        assert!(error.message.contains(why) && error.hint.is_some(), "{value:?}: {error:?}");
    }
}

/// As OpenSSL's `asn1parse` shows it: a SET a line, with the attribute's type and value as hexadecimal digits.
fn name_of(rdns: &[&str]) -> Subject {
    let bytes = |digits: &str| -> Vec<u8> {
        let digits: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(16)).collect();
        digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
    };
    let tlv = |tag: Tag, contents: Vec<u8>| Any::new(tag, contents).and_then(|any| any.to_der()).unwrap();
    let set = |rdn: &&str| {
        let members = rdn.split('+').filter(|member| !member.trim().is_empty());
        tlv(Tag::Set, members.flat_map(|member| tlv(Tag::Sequence, bytes(member))).collect())
    };
    Subject::from_der(&tlv(Tag::Sequence, rdns.iter().flat_map(set).collect()))
}

const CN_A: &str = "0603550403 0c0161";

#[test]
fn names_of_others_are_read_as_they_are() {
    for (rdns, text) in [
        (vec![CN_A], "CN=a"),
        // Active Directory: two DCs. Then a set of two, and numbers: 2.999.7, and one above 2^64.
        (vec!["060a0992268993f22c640119 1603636f6d", "060a0992268993f22c640119 16016f"], "DC=com, DC=o"),
        (vec!["0603550403 0c0161 + 060a0992268993f22c640101 0c0162"], "CN=a + UID=b"),
        (vec!["0603883707 0c0161"], "2.999.7=a"),
        (vec!["060b 69 81 80 80 80 80 80 80 80 80 7f 0c0161"], "an attribute of unknown type=a"),
        // Latin-1, UTF-16, UTF-32, and what is no text.
        (vec!["0603550403 14034afc67"], "CN=J\u{fc}g"),
        (vec!["0603550403 1e04004a00fc"], "CN=J\u{fc}"),
        (vec!["0603550403 1c040000004a"], "CN=J"),
        (vec!["0603550403 020105"], "CN=#05"),
        (vec!["06092a864886f70d010901 1603406279", "0603550405 130131"], "emailAddress=@by, serialNumber=1"),
        // Characters that would end a value are escaped (RFC 4514).
        (vec!["0603550403 0c06612c204f3d62"], "CN=a\\, O=b"),
        (vec!["0603550403 0c022061", "0603550403 0c0223 2b"], "CN=\\ a, CN=\\#\\+"),
    ] {
        let name = name_of(&rdns);
        assert_eq!(name.text, text, "{rdns:?}");
        assert!(name.is_valid() && !name.is_empty(), "{rdns:?}");
        let again = Subject::of(name.rdns.clone().unwrap()).unwrap();
        assert_eq!((again.der, again.text), (name.der, name.text), "{rdns:?}: put together again");
    }
}

#[test]
fn what_is_no_name_is_invalid() {
    for rdns in [
        // No type, a type that does not end, one with a padded number; no attribute; nothing but a type.
        vec!["0600 0c0161"],
        vec!["0603550483 0c0161"],
        vec!["060455048003 0c0161"],
        vec![""],
        vec!["0603550403"],
        // More than two parts; lengths that could be shorter.
        vec!["0603550403 0c0161 0c0162"],
        vec!["068103550403 0c0161"],
        vec!["0603550403 0c810161"],
        vec![CN_A, "0600 0c0161"],
    ] {
        let name = name_of(&rdns);
        assert!(!name.is_valid() && !name.is_empty(), "{rdns:?}: {name}");
        assert!(name.fault().is_some_and(|why| why.contains("not a valid DER name")), "{rdns:?}");
        let error = name.with(AttributeType::CommonName, "--cn", "b").unwrap_err();
        assert!(error.message.contains("not a valid DER name") && error.hint.is_some(), "{error:?}");
    }
    for bytes in [&b""[..], b"\x30", b"\x30\x80\0\0", b"\x30\0\0", b"\x02\x01\x05", b"\x30\x81\0"] {
        assert!(!Subject::from_der(bytes).is_valid(), "{bytes:?}");
    }
    assert!(Subject::from_der(b"\x30\0").is_valid() && Subject::from_der(b"\x30\0").is_empty());
}

#[test]
fn only_what_is_asked_for_changes() {
    let old = name_of(&[
        "060a0992268993f22c640119 1603636f6d",
        "060355040b 140178",
        "0603550403 0c0161 + 060a0992268993f22c640101 0c0162",
        "060355040b 0c0179",
    ]);
    assert_eq!(old.text, "DC=com, OU=x, CN=a + UID=b, OU=y");
    let with = |attribute, value| old.clone().with(attribute, "--flag", value).unwrap();
    let one = with(AttributeType::OrganizationalUnit, "z");
    assert_eq!(one.text, "DC=com, OU=z, CN=a + UID=b");
    assert_eq!(one, Subject::from_der(&one.der), "what is put together is what is read");
    assert_eq!(with(AttributeType::OrganizationalUnit, "").text, "DC=com, CN=a + UID=b");
    // A set is in order again: by its bytes, of which CN's are more now.
    let one = with(AttributeType::CommonName, "a much longer one");
    assert_eq!(one.text, "DC=com, OU=x, UID=b + CN=a much longer one, OU=y");
    assert_eq!(one, Subject::from_der(&one.der));
    assert_eq!(with(AttributeType::CommonName, "").text, "DC=com, OU=x, UID=b, OU=y");
    let new = with(AttributeType::Organization, "o");
    assert_eq!(new.text, "DC=com, O=o, OU=x, CN=a + UID=b, OU=y");
    // The T61String is as it was, byte for byte.
    assert!(new.der.windows(10).any(|window| window == b"\x30\x08\x06\x03\x55\x04\x0b\x14\x01x"));
}

#[test]
fn what_a_request_may_not_say() {
    for (rdn, why) in [
        ("0603550403 0c00", "its CN is empty"),
        ("0603550403 0c0161 00", "not a valid DER name"),
        ("0603550403 0c026100", "its CN \"a\\0\": contains the control character"),
        ("0603550403 1e0400610000", "contains the control character"),
        ("0603550403 1401 9b", "contains the control character '\\u{9b}'"),
        ("0603550403 0c03e280ae", "contains the invisible character '\\u{202e}'"),
        ("0603550406 1303444555", "its C \"DEU\": a country is two letters"),
        ("060355040a 0c01ff", "is not UTF-8"),
        ("060355040a 13015f", "is a PrintableString, which cannot hold '_'"),
        ("060355040a 1601ff", "is an IA5String, which cannot hold"),
        ("060355040a 1c0400000061", "cannot read"),
        ("060355040a 1a0161", "cannot read"),
        ("060355040a 020105", "its O is of a type that Go, and so Milvus, cannot read"),
    ] {
        let fault = name_of(&[rdn]).fault().unwrap_or_default();
        assert!(fault.contains(why), "{rdn}: {fault}");
    }
    for (attribute, limit) in [(AttributeType::CommonName, 64), (AttributeType::State, 128)] {
        for (length, sound) in [(limit, true), (limit + 1, false)] {
            let digits = format!(
                "06035504{:02x} 0c{}{length:02x}{}",
                attribute.oid().as_bytes()[2],
                if length > 127 { "81" } else { "" },
                "61".repeat(length)
            );
            let rdn = name_of(&[&digits]);
            assert_eq!(rdn.fault().is_none(), sound, "{attribute:?} {length}: {:?}", rdn.fault());
        }
    }
    for rdn in ["060355040a 1302573f", "0603550406 0c024445", "060355040a 1403fc2a5f"] {
        assert_eq!(name_of(&[rdn]).fault(), None, "{rdn}");
    }
}

proptest::proptest! {
    /// Bytes of a name with some of them changed: read or not, never a panic, and a valid one is encoded again
    /// to the same bytes.
    #[test]
    fn any_bytes_are_read_without_a_panic(
        at in proptest::collection::vec((0..60_usize, proptest::num::u8::ANY), 0..4),
        cut in 0..70_usize,
    ) {
        let name = name_of(&[
            "060a0992268993f22c640119 1603636f6d",
            "0603550403 0c0161 + 0603883707 0c0162",
            "060355040b 1e04004a00fc",
        ]);
        let mut bytes = name.der;
        for (place, byte) in at {
            if let Some(changed) = bytes.get_mut(place) {
                *changed = byte;
            }
        }
        bytes.truncate(cut);
        let read = Subject::from_der(&bytes);
        let _ = (read.fault(), read.common_name());
        if read.is_valid() {
            let again = Subject::of(read.rdns.clone().unwrap_or_default()).unwrap();
            assert_eq!(again.der, bytes);
            assert!(read.with(AttributeType::CommonName, "--cn", "b").is_ok());
        }
    }
}
