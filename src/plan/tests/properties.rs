//! A plan for a set that is damaged at random.

use proptest::prelude::*;

use super::*;

/// Ways in which a file of a set is not as it should be.
#[derive(Debug, Clone, Copy)]
enum Harm {
    None,
    Missing,
    Damaged,
    Foreign,
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![6 => Just(Harm::None), 1 => Just(Harm::Missing), 1 => Just(Harm::Damaged), 1 => Just(Harm::Foreign)]
}

fn inflict<T: Clone>(harm: Harm, file: &mut Loaded<T>, foreign: &Loaded<T>) {
    match harm {
        Harm::None => {}
        Harm::Missing => *file = Loaded::Missing,
        Harm::Damaged => *file = Loaded::Damaged("is damaged".into()),
        Harm::Foreign => *file = foreign.clone(),
    }
}

fn any_spec() -> impl Strategy<Value = Spec> {
    let name = prop_oneof![Just("localhost"), Just("db.example.com"), Just("10.0.0.7")];
    let flag = prop::option::weighted(0.3, Just(()));
    (
        prop::option::of(name.clone()),
        prop::option::weighted(0.3, prop::collection::vec(name, 1..3)),
        prop::option::weighted(0.3, 1u32..4000),
        prop::option::weighted(0.2, 0u32..500),
        prop::option::weighted(0.2, prop_oneof![Just(KeyKind::EcdsaP256), Just(KeyKind::Ed25519)]),
        prop::option::weighted(0.2, Just(KeyFormat::Pkcs8)),
        flag.clone(),
        flag.clone(),
        flag,
    )
        .prop_map(|(cn, sans, days, renew_within, key, key_format, leaf_only, client, constrain)| {
            // A window as long as the lifetime renews at every run.
            let renew_within = renew_within.filter(|within| *within < days.unwrap_or(3650));
            let has_address = sans.iter().flatten().copied().chain(cn).any(|name| name == "10.0.0.7");
            let mut spec = Spec {
                constrain: constrain.is_some() && !has_address,
                days,
                renew_within,
                key: key.or(Some(KeyKind::EcdsaP256)),
                key_format,
                leaf_only: leaf_only.is_some(),
                ..Spec::default()
            };
            if let Some(cn) = cn {
                spec = spec.with_common_name(cn);
            }
            spec.leaves[0].names = sans.map(|names| {
                let mut all = Vec::new();
                crate::san::add_missing(&mut all, names.iter().map(|n| San::parse("--san", n).unwrap()));
                all
            });
            if client.is_some() { client_cn("app", spec) } else { spec }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn what_a_plan_makes_is_sound_and_kept_by_the_next(
        first in any_spec(),
        second in any_spec(),
        harms in prop::collection::vec(harm(), 9),
        day in 0i64..4500,
    ) {
        let mut set = run(&first, &nothing(), NOW);
        let foreign = run(&plain(), &nothing(), NOW);
        inflict(harms[0], &mut set.ca.key, &foreign.ca.key);
        inflict(harms[1], &mut set.ca.certificate, &foreign.ca.certificate);
        inflict(harms[2], &mut set.ca.serial, &foreign.ca.serial);
        for (i, (leaf, foreign)) in set.leaves.iter_mut().zip(&foreign.leaves).enumerate() {
            inflict(harms[3 + 3 * i], &mut leaf.files.key, &foreign.files.key);
            inflict(harms[4 + 3 * i], &mut leaf.files.certificate, &foreign.files.certificate);
            inflict(harms[5 + 3 * i], &mut leaf.files.request, &foreign.files.request);
        }
        let now = later(day);
        let Ok(first_plan) = plan(&second, &set, now) else { return Ok(()) };
        let Issued { set: after, changes } = carry_out(&first_plan);
        prop_assert_eq!(changes.is_empty(), first_plan.keeps_everything());
        let faults: Vec<_> =
            check::set(&after, now).into_iter().filter(|f| f.for_runs == check::Severity::Error).collect();
        prop_assert!(faults.is_empty(), "{:?}", faults);
        let again = plan(&second, &after, now).unwrap();
        prop_assert!(again.keeps_everything(), "{:?}\nthen {:?}", reasons_of(&first_plan), reasons_of(&again));
        if let (Some(before), Some(after)) = (set.ca.key.parsed(), after.ca.key.parsed()) {
            prop_assert_eq!(before.key.public(), after.key.public(), "the CA's key is never replaced");
        }
    }
}
