use proptest::prelude::*;

use super::*;

#[test]
fn kinds_are_recognised() {
    for (text, kind, value) in [
        ("localhost", "dns", "localhost"),
        ("DB.Example.COM", "dns", "db.example.com"),
        ("milvus_standalone", "dns", "milvus_standalone"),
        ("*.db.example.com", "dns", "*.db.example.com"),
        ("7.example", "dns", "7.example"),
        ("DNS:localhost", "dns", "localhost"),
        ("10.0.0.7", "ip", "10.0.0.7"),
        ("::1", "ip", "::1"),
        ("2001:DB8:0:0::7", "ip", "2001:db8::7"),
        ("IP:10.0.0.7", "ip", "10.0.0.7"),
        ("ip:::1", "ip", "::1"),
        ("user@example.com", "email", "user@example.com"),
        ("email:user@Example.com", "email", "user@example.com"),
        ("spiffe://cluster.local/milvus", "uri", "spiffe://cluster.local/milvus"),
        ("urn:milvus:node:1", "uri", "urn:milvus:node:1"),
        ("URI:https://milvus.example/x", "uri", "https://milvus.example/x"),
        ("xn--bcher-kva.example", "dns", "xn--bcher-kva.example"),
    ] {
        let san = San::parse("--san", text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!((san.kind(), san.value().as_str()), (kind, value), "{text}");
    }
}

#[test]
fn mistakes_are_named_with_a_way_out() {
    let long_label = format!("{}.example.com", "a".repeat(64));
    let long_user = format!("{}@example.com", "u".repeat(65));
    let long_name = ["a".repeat(60).as_str(); 5].join(".");
    for (text, why, hint) in [
        ("", "missing", "db.example.com"),
        ("a b", "' '", "no spaces"),
        ("a\0b", "'\\0'", "no spaces"),
        ("localhost:19530", "port", "use localhost"),
        ("127.0.0.1:19530", "port", "use 127.0.0.1"),
        ("[::1]:19530", "port", "use ::1"),
        ("[::1]", "in brackets", "use ::1"),
        ("fe80::1%eth0", "not an IPv6 address", "zone"),
        ("[db]:19530", "not an IPv6 address", "brackets"),
        ("[::1]x", "not an IPv6 address", "brackets"),
        ("https://milvus.example:19530/x", "URL", "use milvus.example"),
        ("tcp://10.0.0.7:19530", "URL", "use 10.0.0.7"),
        ("10.0.0.0/8", "neither", "ranges"),
        ("1.2.3", "number", "address"),
        ("256.1.1.1", "number", "address"),
        ("IP:localhost", "not an IP address", "IP:10.0.0.7"),
        ("IP:10.0.0.7:80", "not a plain IP", "IP:10.0.0.7"),
        ("a..b", "empty label", "single dots"),
        (".example.com", "empty label", "single dots"),
        ("example.com.", "dot", "use example.com"),
        ("-a.example", "begins or ends", "leave"),
        ("a-.example", "begins or ends", "leave"),
        ("a!b", "'!'", "letters"),
        ("a.*.example.com", "whole first label", "*.example.com"),
        ("w*.example.com", "whole first label", "*.example.com"),
        ("*", "whole first label", "*.example.com"),
        ("*.com", "two labels", "*.db.com"),
        ("b\u{fc}cher.example", "not ASCII", "form, xn--bcher-kva.example"),
        ("\u{65e5}\u{672c}.example", "not ASCII", "xn--"),
        ("user@", "empty label", "dots"),
        ("@example.com", "mail address", "user@"),
        ("a..b@example.com", "mail address", "user@"),
        ("URI:nothing", "without a scheme", "spiffe://"),
        ("foo://", "not a URI", "spiffe://"),
        ("URI:1x:a", "not a URI", "spiffe://"),
        ("URI:x!y:a", "not a URI", "spiffe://"),
        ("spiffe://a<b", "not a URI", "spiffe://"),
        ("spiffe://b\u{fc}cher", "not a URI", "spiffe://"),
        ("a(b@example.com", "mail address", "user@"),
        (long_user.as_str(), "mail address", "user@"),
        (long_label.as_str(), "64 characters", "shorten"),
        (long_name.as_str(), "at most 253", "shorten"),
    ] {
        let error = San::parse("--san", text).expect_err(text);
        assert!(error.message.contains(why), "{text:?}: {error}");
        assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{text:?}: {error:?}");
    }
}

#[test]
fn the_longest_names_are_accepted() {
    let label = "a".repeat(63);
    let name = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    assert_eq!(name.len(), 253);
    for text in [label, name, format!("{}@example.com", "u".repeat(64))] {
        assert!(San::parse("--san", &text).is_ok(), "{text}");
    }
}

#[test]
fn a_name_of_a_certificate_is_a_flag_s_value_only_where_the_flag_accepts_it() {
    let uri = San::Uri("spiffe://cluster.local/milvus".to_owned());
    assert_eq!(uri.flag_value().as_deref(), Some("URI:spiffe://cluster.local/milvus"));
    assert_eq!(San::Dns("db.example.com".to_owned()).flag_value().as_deref(), Some("db.example.com"));
    assert_eq!(San::Dns("not a name".to_owned()).flag_value(), None);
    // The flag would read it as an address.
    let address = San::Dns("10.0.0.7".to_owned());
    assert_eq!(address.flag_value(), None);
    assert_eq!(address.as_clients_read_it(), San::Ip("10.0.0.7".parse().unwrap()));
    assert_eq!(uri.as_clients_read_it(), uri);
}

#[test]
fn localhost_brings_both_loopback_addresses() {
    let names: Vec<String> = names_of_common_name("localhost").unwrap().iter().map(San::to_string).collect();
    assert_eq!(names, ["localhost", "127.0.0.1", "::1"]);
    assert_eq!(names_of_common_name("db.example.com").unwrap().len(), 1);
    assert_eq!(names_of_common_name("My Milvus"), None);
    assert_eq!(names_of_common_name("spiffe://a/b"), None);
}

#[test]
fn limits_are_where_the_standards_set_them() {
    let parsed = |text: &str| San::parse("--san", text).is_ok();
    let label = |length: usize| "a".repeat(length);
    assert!(parsed(&label(63)) && !parsed(&label(64)), "RFC 1035, section 2.3.4");
    let name = |length: usize| {
        let whole = format!("{0}.{0}.{0}.", label(63));
        format!("{whole}{}", label(length - whole.len()))
    };
    assert!(parsed(&name(253)) && !parsed(&name(254)));
    let mail = |length: usize| format!("{}@example.com", label(length));
    assert!(parsed(&mail(64)) && !parsed(&mail(65)) && !parsed("email:@example.com"), "RFC 5321");
    for (text, is_name) in [
        ("URI:urn:a", true),
        ("URI:a+b-c.d:e", true),
        ("URI:1a:b", false),
        ("URI:a_b:c", false),
        ("URI:a://", false),
        ("URI:a:b c", false),
        ("[::1]", false),
        ("[::1]:1", false),
        (":1", false),
    ] {
        assert_eq!(parsed(text), is_name, "{text}");
    }
    assert!(San::parse("--san", "[::1]").unwrap_err().message.contains("is in brackets"));
    assert!(San::parse("--san", "[::1]:1").unwrap_err().message.contains("has a port"));
}

#[test]
fn what_is_printed_as_a_flag_is_parsed_to_the_same() {
    for name in ["db.example.com", "10.0.0.7", "me@example.com", "URI:spiffe://a/b"] {
        let san = San::parse("--san", name).unwrap();
        assert_eq!(san.flag_value().as_deref(), Some(name));
    }
    // Other tools' certificates have names that no option takes.
    assert_eq!(San::Dns("a b".into()).flag_value(), None);
    assert_eq!(San::Dns("10.0.0.7".into()).flag_value(), None, "it would be an address");
    assert_eq!(San::Dns("10.0.0.7".into()).as_clients_read_it(), San::Ip([10, 0, 0, 7].into()));
}

#[test]
fn duplicates_fold() {
    let mut names = vec![San::Dns("a.example".into())];
    add_missing(&mut names, ["A.example", "b.example"].map(|n| San::parse("--san", n).unwrap()));
    assert_eq!(names, [San::Dns("a.example".into()), San::Dns("b.example".into())]);
}

proptest! {
    #[test]
    fn never_panics_and_errors_are_one_line(text in any::<String>()) {
        if let Err(error) = San::parse("--san", &text) {
            prop_assert!(!error.message.contains('\n'));
            prop_assert!(error.hint.is_some());
        }
    }

    #[test]
    fn what_is_parsed_is_parsed_again_to_the_same(text in "[a-zA-Z0-9.:@*_/-]{0,40}") {
        if let Ok(san) = San::parse("--san", &text) {
            let prefix = match san { San::Dns(_) => "DNS", San::Ip(_) => "IP", San::Email(_) => "email", San::Uri(_) => "URI" };
            prop_assert_eq!(San::parse("--san", &format!("{prefix}:{san}")).unwrap(), san);
        }
    }

    #[test]
    fn every_host_name_is_a_name(name in "[a-z][a-z0-9_]{0,20}(\\.[a-z][a-z0-9-]{0,20}[a-z0-9]){0,4}") {
        prop_assert_eq!(San::parse("--san", &name).unwrap(), San::Dns(name));
    }
}
