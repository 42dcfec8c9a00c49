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

#[test]
fn control_characters_from_a_file_are_shown_escaped() {
    let hostile = Subject::from_attributes(vec![Attribute {
        oid: vec![2, 5, 4, 3],
        encoding: Encoding::Utf8,
        value: "a\u{1b}[2J".to_owned(),
    }]);
    assert_eq!(hostile.to_string(), "CN=a\\u{1b}[2J");
}
