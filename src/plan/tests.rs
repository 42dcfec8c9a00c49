//! The cases of a run on existing files, as tables. The property that makes the tool safe to run at every start is in
//! `properties`: a plan leads to valid certificates, and planning again changes nothing.

mod properties;

use std::cell::Cell;

use time::Duration;
use time::macros::datetime;

use super::*;
use crate::error::{Damage, DamageKind};
use crate::issue::{Issued, issue};
use crate::keys::KeyFormat;
use crate::san::San;
use crate::set::Loaded;
use crate::spec::Wish;
use crate::subject::AttributeType;
use crate::{check, spec};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00:00 UTC);

fn later(days: i64) -> OffsetDateTime {
    NOW + Duration::days(days)
}

/// P-256, so that a test makes hundreds of sets.
fn plain() -> Spec {
    Spec { key: Some(KeyKind::EcdsaP256), ..Spec::default() }
}

fn no_flags() -> Spec {
    Spec::default()
}

fn nothing() -> Set {
    no_flags().shape()
}

fn with_cn(name: &str) -> Spec {
    no_flags().with_common_name(name)
}

fn client_cn(name: &str, mut spec: Spec) -> Spec {
    spec.leaves[1].common_name = Some(("--client-cn", name.to_owned()));
    spec
}

fn with_sans(names: &[&str]) -> Spec {
    let mut spec = no_flags();
    spec.leaves[0].names = Some(names.iter().map(|name| San::parse("--san", name).unwrap()).collect());
    spec
}

thread_local! {
    /// Serial numbers of tests: counted, so that a failure can be repeated.
    static RANDOM: Cell<u8> = const { Cell::new(0) };
}

/// The plan for a set that the test goes on with.
fn plan(spec: &Spec, set: &Set, now: OffsetDateTime) -> Result<Plan> {
    super::plan(spec, set.clone(), now)
}

fn carry_out(plan: &Plan) -> Issued {
    let random = |bytes: &mut [u8]| {
        bytes.fill(RANDOM.replace((RANDOM.get() + 1) % 100));
        Ok(())
    };
    issue(plan, random, |_| {}).unwrap()
}

fn run(spec: &Spec, set: &Set, now: OffsetDateTime) -> Set {
    let plan = plan(spec, set, now).unwrap();
    carry_out(&plan).set
}

fn made() -> Set {
    run(&plain(), &nothing(), NOW)
}

fn reasons_of(plan: &Plan) -> Vec<String> {
    plan.leaves.iter().map(|leaf| &leaf.reasons).chain([&plan.ca.reasons]).flatten().cloned().collect()
}

fn actions(plan: &Plan) -> [Action; 3] {
    [plan.ca.action, plan.leaves[0].action, plan.leaves[1].action]
}

use Action::{Issue, Keep, Refresh, Resign};

#[test]
fn nothing_there_makes_all() {
    let plan = plan(&plain(), &nothing(), NOW).unwrap();
    assert_eq!(actions(&plan), [Issue, Issue, Issue]);
    assert_eq!(carry_out(&plan).changes.len(), 9);
}

#[test]
fn a_sound_set_is_left_alone_by_a_plain_run() {
    let mut elsewhere = client_cn("app", plain().with_common_name("db.example.com"));
    elsewhere.leaves[0].names = Some(vec![San::Dns("db.example.com".into())]);
    elsewhere.days = Some(800);
    let set = run(&elsewhere, &nothing(), NOW);
    for spec in [no_flags(), plain(), elsewhere.clone(), Spec { days: Some(90), ..no_flags() }] {
        let plan = plan(&spec, &set, NOW).unwrap();
        assert!(plan.keeps_everything(), "{spec:?}: {:?}", reasons_of(&plan));
        assert!(carry_out(&plan).changes.is_empty());
    }
}

#[test]
fn what_does_not_serve_is_signed_again_and_nothing_else() {
    type Change = fn(&mut Set);
    type Case = (&'static str, Change, [Action; 3], &'static str);
    let cases: [Case; 9] = [
        (
            "csr missing",
            |set| set.leaves[0].files.request = Loaded::Missing,
            [Keep, Resign, Keep],
            "server.csr is missing",
        ),
        (
            "certificate missing",
            |set| set.leaves[0].files.certificate = Loaded::Missing,
            [Keep, Resign, Keep],
            "is missing",
        ),
        (
            "key missing",
            |set| set.leaves[1].files.key = Loaded::Missing,
            [Keep, Keep, Resign],
            "client.key is missing",
        ),
        (
            "key empty",
            |set| set.leaves[1].files.key = Loaded::Damaged(Damage::new(DamageKind::Empty, "is empty")),
            [Keep, Keep, Resign],
            "client.key is empty",
        ),
        (
            "another's key",
            |set| set.leaves[0].files.key = made().leaves[0].files.key.clone(),
            [Keep, Resign, Keep],
            "server.key is not the key of server.pem",
        ),
        (
            "another's csr",
            |set| set.leaves[0].files.request = made().leaves[0].files.request.clone(),
            [Keep, Resign, Keep],
            "server.csr is a request for another key",
        ),
        (
            "another CA's",
            |set| set.leaves[1].files = made().leaves[1].files.clone(),
            [Keep, Keep, Resign],
            "is not signed by ca.pem",
        ),
        (
            "a client as server",
            |set| set.leaves[0].files = set.leaves[1].files.clone(),
            [Keep, Resign, Keep],
            "without serverAuth",
        ),
        ("no ca.srl", |set| set.ca.serial = Loaded::Missing, [Refresh, Keep, Keep], "ca.srl is missing"),
    ];
    for (name, change, expected, reason) in cases {
        let mut set = made();
        change(&mut set);
        let plan = plan(&no_flags(), &set, NOW).unwrap();
        assert_eq!(actions(&plan), expected, "{name}");
        let reasons: Vec<String> = reasons_of(&plan);
        assert!(reasons.join("; ").contains(reason), "{name}: {reasons:?}");
    }
}

#[test]
fn a_sound_key_stays_and_an_empty_one_is_made_anew() {
    let mut set = made();
    set.leaves[0].files.certificate = Loaded::Missing;
    let after = run(&no_flags(), &set, NOW);
    let key = |set: &Set| set.leaves[0].files.key.parsed().unwrap().key.public().clone();
    assert_eq!(key(&after), key(&set));
    set.leaves[0].files.key = Loaded::Damaged(Damage::new(DamageKind::Empty, "is empty"));
    let after = run(&plain(), &set, NOW);
    assert_ne!(key(&after), key(&made()));
    assert_eq!(
        after.leaves[1].files.key.parsed().unwrap().key.public(),
        set.leaves[1].files.key.parsed().unwrap().key.public()
    );
}

#[test]
fn a_key_that_cannot_be_used_is_replaced_only_where_that_is_asked_for() {
    for damage in [Damage::from("is damaged"), Damage::new(DamageKind::Unsupported, "is RSA 8192")] {
        let mut set = made();
        set.leaves[0].files.key = Loaded::Damaged(damage.clone());
        let failure = plan(&no_flags(), &set, NOW).unwrap_err();
        assert_eq!(failure.message, format!("server.key: {damage}"));
        let mut asked = no_flags();
        asked.leaves.iter_mut().for_each(|leaf| leaf.wish = Wish::Ensure { rekey: true });
        let plan = plan(&asked, &set, NOW).unwrap();
        assert_eq!(actions(&plan), [Keep, Resign, Keep]);
        let reason = format!("--rekey replaces server.key ({damage})");
        assert!(reasons_of(&plan).contains(&reason), "{:?}", reasons_of(&plan));
    }
    let mut set = made();
    set.leaves[0].files.certificate =
        Loaded::Damaged(Damage { holds_key: true, ..Damage::from("holds a PRIVATE KEY") });
    let failure = plan(&plain(), &set, NOW).unwrap_err();
    assert!(failure.message.starts_with("server.pem: holds a private key"), "{failure}");
    let forced = plan(&Spec { force: true, ..plain() }, &set, NOW).unwrap();
    assert!(
        reasons_of(&forced).iter().any(|reason| reason.contains("key) and server.pem (holds a private key)"))
    );
}

#[test]
fn given_flags_are_demands() {
    let set = made();
    let organization = Given("--organization", AttributeType::Organization, "acme").spec();
    let state = Given("--state", AttributeType::State, "Bavaria").spec();
    let cases = [
        ("--cn", with_cn("db.example.com"), [Keep, Resign, Keep], "sets CN \"db.example.com\""),
        ("--san", with_sans(&["db.example.com"]), [Keep, Resign, Keep], "lacks the names db.example.com"),
        ("--san there already", with_sans(&["localhost", "::1"]), [Keep, Keep, Keep], ""),
        ("--client-cn", client_cn("app", no_flags()), [Keep, Keep, Resign], "sets CN \"app\""),
        ("--organization", organization, [Keep, Resign, Resign], "sets O \"acme\""),
        ("--state is the CA's", state, [Keep, Keep, Keep], ""),
        (
            "--key-type",
            Spec { key: Some(KeyKind::Ed25519), ..no_flags() },
            [Keep, Resign, Resign],
            "to Ed25519",
        ),
        (
            "--key-format",
            Spec { key_format: Some(KeyFormat::Traditional), ..no_flags() },
            [Refresh, Refresh, Refresh],
            "--key-format",
        ),
        ("--leaf-only", Spec { leaf_only: true, ..no_flags() }, [Keep, Refresh, Keep], "--leaf-only"),
        ("--days", Spec { days: Some(1), ..no_flags() }, [Keep, Keep, Keep], ""),
        ("--force", Spec { force: true, ..no_flags() }, [Issue, Issue, Issue], "starts over"),
    ];
    for (name, spec, expected, reason) in cases {
        let plan = plan(&spec, &set, NOW).unwrap();
        assert_eq!(actions(&plan), expected, "{name}");
        let reasons: Vec<String> = reasons_of(&plan);
        assert!(reasons.join("; ").contains(reason), "{name}: {reasons:?}");
    }
}

/// One given subject attribute.
struct Given(&'static str, AttributeType, &'static str);

impl Given {
    fn spec(self) -> Spec {
        let Self(flag, attribute, value) = self;
        Spec { attributes: vec![spec::Given { attribute, flag, value: value.to_owned() }], ..no_flags() }
    }
}

#[test]
fn what_is_signed_again_keeps_what_no_flag_changes() {
    let first = client_cn("app", with_sans(&["a.example", "10.0.0.7"]));
    let set = run(&Spec { key: Some(KeyKind::EcdsaP256), ..first }, &nothing(), NOW);
    let names = |set: &Set| {
        let certificate = &set.leaves[0].files.certificate.parsed().unwrap().certificate;
        let names: Vec<String> = certificate.subject_alt_names.iter().flatten().map(San::to_string).collect();
        names.join(" ")
    };
    assert_eq!(names(&set), "localhost 127.0.0.1 ::1 a.example 10.0.0.7");
    // --cn adds its name to the existing ones; --san replaces all but the CN's.
    assert_eq!(
        names(&run(&with_cn("db.example.com"), &set, NOW)),
        "db.example.com localhost 127.0.0.1 ::1 a.example 10.0.0.7"
    );
    assert_eq!(names(&run(&with_sans(&["b.example"]), &set, NOW)), "localhost 127.0.0.1 ::1 b.example");
    let organization = Given("--organization", AttributeType::Organization, "acme").spec();
    let after = run(&organization, &set, NOW);
    assert_eq!(names(&after), names(&set));
    let client = &after.leaves[1].files.certificate.parsed().unwrap().certificate;
    assert_eq!(client.subject.text, "C=CN, O=acme, OU=milvus, CN=app");
    assert_eq!(client.subject_alt_names, Some(vec![San::Dns("app".into())]));
}

#[test]
fn certificates_are_renewed_in_time_and_not_before() {
    let of = |days, ca_days| Spec { days: Some(days), ca_days, ..plain() };
    let cases = [
        // days, ca_days, asked window, at day, expected
        (3650, None, None, 3600, [Keep, Keep, Keep]),
        (3650, None, None, 3621, [Resign, Resign, Resign]),
        (90, Some(3650), None, 59, [Keep, Keep, Keep]),
        (90, Some(3650), None, 61, [Keep, Resign, Resign]),
        (90, Some(3650), Some(10), 61, [Keep, Keep, Keep]),
        (90, Some(3650), Some(10), 81, [Keep, Resign, Resign]),
        // The default is a third of the lifetime at most; what is set is taken exactly.
        (7, Some(3650), None, 4, [Keep, Keep, Keep]),
        (7, Some(3650), None, 5, [Keep, Resign, Resign]),
        (7, Some(3650), Some(5), 1, [Keep, Keep, Keep]),
        (7, Some(3650), Some(5), 3, [Keep, Resign, Resign]),
        (90, Some(3650), None, 91, [Keep, Resign, Resign]),
        (90, None, None, 91, [Resign, Resign, Resign]),
        (90, Some(3650), Some(0), 89, [Keep, Keep, Keep]),
    ];
    for (days, ca_days, renew_within, at, expected) in cases {
        let set = run(&of(days, ca_days), &nothing(), NOW);
        let spec = Spec { renew_within, ..no_flags() };
        let plan = plan(&spec, &set, later(at)).unwrap();
        assert_eq!(actions(&plan), expected, "{days} {ca_days:?} {renew_within:?} day {at}");
    }
}

#[test]
fn no_leaf_outlives_its_ca_and_a_renewed_ca_outlives_all() {
    let set = run(&Spec { days: Some(90), ca_days: Some(100), ..plain() }, &nothing(), NOW);
    let ends = |file: &Loaded<crate::set::CertificateFile>| file.parsed().unwrap().certificate.not_after;
    // On day 62 the leaves are due, and the CA is not yet.
    let after = run(&Spec { days: Some(3650), ..no_flags() }, &set, later(62));
    assert_eq!(ends(&after.ca.certificate), later(100));
    assert_eq!(ends(&after.leaves[0].files.certificate), later(100));
    // On day 80 the CA is due too.
    let after = run(&Spec { days: Some(365), ca_days: None, ..no_flags() }, &set, later(80));
    assert_eq!(ends(&after.ca.certificate), later(80 + 365));
    assert_eq!(ends(&after.leaves[0].files.certificate), later(80 + 365));
}

#[test]
fn a_ca_that_is_signed_again_keeps_key_subject_and_identifier() {
    let set = run(&Spec { days: Some(90), ca_days: Some(95), ..plain() }, &nothing(), NOW);
    // The leaves are fresh, the CA about to expire: only the CA and the copy in server.pem change.
    let renewed = run(&Spec { days: Some(3650), ..no_flags() }, &set, later(61));
    let ca = |set: &Set| set.ca.certificate.parsed().unwrap().certificate.clone();
    let plan = plan(&no_flags(), &renewed, later(66)).unwrap();
    assert_eq!(actions(&plan)[0], Resign);
    let after = carry_out(&plan).set;
    assert_eq!(ca(&after).subject, ca(&set).subject);
    assert_eq!(ca(&after).public_key, ca(&set).public_key);
    assert_eq!(ca(&after).subject_key_identifier, ca(&set).subject_key_identifier);
    assert_ne!(ca(&after).serial, ca(&set).serial);
    assert_eq!(after.leaves[0].files.certificate.parsed().unwrap().chain, [ca(&after)]);
    assert!(check::set(&after, later(66)).is_empty());
}

#[test]
fn an_unusable_ca_is_refused_by_name() {
    type Damage = fn(&mut Set);
    let cases: [(Damage, &str); 10] = [
        (
            |set| set.ca.certificate = Loaded::Missing,
            "ca.pem: is missing, but server.pem, which it issued, exists",
        ),
        (|set| set.ca.certificate = Loaded::Damaged("is empty".into()), "ca.pem: is empty"),
        (|set| set.ca.key = Loaded::Damaged("is empty".into()), "ca.key: is empty"),
        (
            |set| set.ca.key = Loaded::Damaged("is encrypted with a password".into()),
            "ca.key: is encrypted with a password",
        ),
        (|set| set.ca.key = made().ca.key, "ca.key: is not the key of ca.pem"),
        (|set| set.ca.certificate = made().ca.certificate, "ca.key: is not the key of ca.pem"),
        (
            |set| {
                set.ca.certificate = set.leaves[0].files.certificate.clone();
                set.ca.key = set.leaves[0].files.key.clone();
            },
            "ca.pem: is not a CA certificate",
        ),
        (
            |set| {
                set.ca.key = Loaded::Missing;
                set.leaves[0].files.request = Loaded::Missing;
            },
            "ca.key: is missing, but is needed to issue certificates",
        ),
        (|set| set.ca.serial = Loaded::Damaged("is empty".into()), "ca.srl: is empty"),
        (
            |set| {
                set.ca.key = Loaded::Damaged("is empty".into());
                set.ca.certificate = Loaded::Missing;
                set.leaves[0].files = LeafFiles::default();
                set.leaves[1].files = LeafFiles::default();
            },
            "ca.key: is empty",
        ),
    ];
    for (damage, message) in cases {
        let mut set = made();
        damage(&mut set);
        let error = plan(&no_flags(), &set, NOW).expect_err(message);
        assert!(error.message.starts_with(message), "{error}");
        assert_eq!(error.exit, crate::error::Exit::Failed);
        assert!(error.hint.is_some());
        // --force starts over whatever exists.
        let force = Spec { force: true, ..plain() };
        assert_eq!(actions(&plan_of(&force, &set)), [Issue, Issue, Issue]);
    }
}

use crate::set::LeafFiles;

fn plan_of(spec: &Spec, set: &Set) -> Plan {
    plan(spec, set, NOW).unwrap()
}

#[test]
fn a_ca_key_kept_elsewhere_is_no_fault_while_nothing_is_signed() {
    let mut set = made();
    set.ca.key = Loaded::Missing;
    assert!(plan_of(&no_flags(), &set).keeps_everything());
}

#[test]
fn a_lone_ca_key_is_taken_up() {
    let set = made();
    let mut lone = nothing();
    lone.ca.key = set.ca.key.clone();
    let after = run(&no_flags(), &lone, NOW);
    let key = |set: &Set| set.ca.key.parsed().unwrap().key.public().clone();
    assert_eq!(key(&after), key(&set));
    assert!(check::set(&after, NOW).is_empty());
}

/// Key identifiers tell them apart.
#[test]
fn a_leaf_may_have_the_ca_s_subject() {
    let same = Spec {
        attributes: [("--state", AttributeType::State), ("--locality", AttributeType::Locality)]
            .map(|(flag, attribute)| spec::Given { attribute, flag, value: String::new() })
            .to_vec(),
        ..plain()
    };
    let set = run(&same, &nothing(), NOW);
    let server = set.first(Role::Server).unwrap().files.parsed_certificate().unwrap();
    assert_eq!(server.subject, set.ca_certificate().unwrap().subject);
    assert!(check::set(&set, NOW).is_empty());
    assert!(plan(&same, &set, NOW).unwrap().keeps_everything());
}

#[test]
fn dates_past_the_year_9999_are_refused() {
    let error = plan(&Spec { days: Some(3_000_000), ..plain() }, &nothing(), NOW).unwrap_err();
    assert!(error.message.starts_with("--days 3000000: ends after the year 9999"), "{error}");
}

#[test]
fn serial_numbers_go_on_from_ca_srl() {
    let set = made();
    let serial =
        |file: &Loaded<crate::set::CertificateFile>| file.parsed().unwrap().certificate.serial.clone();
    let last = set.ca.serial.parsed().unwrap().clone();
    assert_eq!(serial(&set.leaves[1].files.certificate), last);
    assert_eq!(serial(&set.leaves[0].files.certificate).unwrap().next(), last);
    let after = run(&with_cn("db.example.com"), &set, NOW);
    assert_eq!(serial(&after.leaves[0].files.certificate), last.unwrap().next());
    assert_eq!(after.ca.serial.parsed().unwrap(), &serial(&after.leaves[0].files.certificate));
}
