use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BitOps, Odd, Resize};
use proptest::prelude::*;

use super::*;

/// 2^(m - 1) modulo m by crypto-bigint.
fn reference(m: &BoxedUint) -> BoxedUint {
    let params = BoxedMontyParams::new_vartime(Odd::new(m.clone()).unwrap());
    let two = BoxedUint::from(2_u32).resize(m.bits_precision());
    BoxedMontyForm::new(two, &params).pow(&m.wrapping_sub(BoxedUint::one())).retrieve()
}

/// The same by this module, for every width that it knows.
fn residue(m: &BoxedUint) -> BoxedUint {
    match m.bit_width_vartime() {
        512 => residue_in::<9, 1>(m),
        1024 => residue_in::<17, 1>(m),
        1536 => residue_in::<9, 3>(m),
        2048 => residue_in::<7, 5>(m),
        bits => panic!("{bits} bits"),
    }
}

fn residue_in<const T: usize, const B: usize>(m: &BoxedUint) -> BoxedUint {
    let limbs = Modulus::<T, B>::new(m).unwrap().residue();
    from_limbs(limbs.as_flattened(), Modulus::<T, B>::BITS, m.bits_precision())
}

fn from_limbs(limbs: &[u64], bits: usize, precision: u32) -> BoxedUint {
    limbs.iter().rev().fold(BoxedUint::zero_with_precision(precision + 128), |number, limb| {
        number.wrapping_shl_vartime(u32::try_from(bits).unwrap()) | BoxedUint::from(*limb)
    })
}

/// An odd number with its top bit set.
fn number(bytes: &[u8]) -> BoxedUint {
    let mut number = BoxedUint::from_be_slice_vartime(bytes);
    number.set_bit_vartime(0, true);
    number.set_bit_vartime(number.bits_precision() - 1, true);
    number
}

fn agrees(m: &BoxedUint) {
    let (ours, expected) = (residue(m), reference(m));
    assert_eq!(ours, expected, "{m}");
    assert_eq!(passes(m), expected == BoxedUint::one(), "{m}");
}

const WIDTHS: [u32; 4] = [512, 1024, 1536, 2048];

/// 2^width - distance.
fn below_power(width: u32, distance: u64) -> BoxedUint {
    BoxedUint::max(width).wrapping_sub(BoxedUint::from(distance - 1))
}

#[test]
fn residues_of_extreme_moduli_agree_with_crypto_bigint() {
    for width in WIDTHS {
        let bytes = usize::try_from(width / 8).unwrap();
        for fill in [0, 0xff, 0x55, 0xaa, 1, 0x80] {
            agrees(&number(&vec![fill; bytes]));
            // Half of the limbs at their greatest, half zero: both halves, and every second word.
            let half = |at: usize| if at < bytes / 2 { fill } else { !fill };
            agrees(&number(&(0..bytes).map(half).collect::<Vec<u8>>()));
            let words = |at: usize| if (at / 8).is_multiple_of(2) { fill } else { !fill };
            agrees(&number(&(0..bytes).map(words).collect::<Vec<u8>>()));
        }
        for distance in [1, 3, (1 << 60) + 1, (1 << 61) - 1, (1 << 61) + 1, u64::MAX] {
            agrees(&below_power(width, distance));
        }
        for low in [1, 3, (1 << 61) - 1, (1 << 61) + 1, u64::MAX] {
            let mut least = BoxedUint::from(low).resize(width);
            least.set_bit_vartime(width - 1, true);
            agrees(&least);
        }
    }
}

#[test]
fn the_greatest_limbs_overflow_no_column() {
    fn squares<const T: usize, const B: usize>(width: u32) {
        let m = BoxedUint::max(width);
        let modulus = Modulus::<T, B>::new(&m).unwrap();
        // The greatest number that a squaring is given is 2^10 m.
        let greatest = m.clone().resize(width + 64).wrapping_shl_vartime(10);
        let square = modulus.square(&to_limbs(&greatest, Modulus::<T, B>::BITS));
        let square = from_limbs(square.as_flattened(), Modulus::<T, B>::BITS, width);
        let bits = u32::try_from(Modulus::<T, B>::BITS * Modulus::<T, B>::LIMBS).unwrap();
        // R times the result is the square, modulo m = 2^width - 1.
        let m = crypto_bigint::NonZero::new(m.resize(3 * width)).unwrap();
        let wide = |n: &BoxedUint| n.clone().resize(3 * width).rem_vartime(&m);
        let expected = wide(&wide(&greatest).wrapping_mul(wide(&greatest)));
        let ours = wide(&wide(&square).wrapping_shl_vartime(bits % width));
        assert_eq!(ours, expected, "{width}");
    }
    squares::<9, 1>(512);
    squares::<17, 1>(1024);
    squares::<9, 3>(1536);
    squares::<7, 5>(2048);
}

#[test]
fn known_primes_pass_and_their_neighbours_do_not() {
    // The two largest primes below 2^width (OEIS A013603 for the first), and the smallest above 2^(width - 1).
    for (width, below, above) in [
        (512, [569, 629], 111),
        (1024, [105, 179], 1155),
        (1536, [3453, 4977], 699),
        (2048, [1557, 2543], 1919_u64),
    ] {
        for distance in below {
            assert!(passes(&below_power(width, distance)), "2^{width} - {distance}");
            assert!(!passes(&below_power(width, distance - 2)), "2^{width} - {distance} + 2");
        }
        let mut least = BoxedUint::from(above).resize(width);
        least.set_bit_vartime(width - 1, true);
        assert!(passes(&least), "2^({width} - 1) + {above}");
        assert!(!passes(&least.wrapping_add(BoxedUint::from(2_u32))), "2^({width} - 1) + {above} + 2");
    }
}

#[test]
fn what_is_no_candidate_is_rejected_or_left_to_the_verdict() {
    assert!(!passes(&below_power(1024, 2)), "even");
    assert!(passes(&BoxedUint::from(15_u32)), "of a width that no key has");
    assert!(Modulus::<9, 1>::new(&below_power(540, 1)).is_none(), "too few spare bits");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn random_residues_agree_with_crypto_bigint(bytes in prop::collection::vec(any::<u8>(), 256)) {
        for width in WIDTHS {
            agrees(&number(&bytes[..usize::try_from(width / 8).unwrap()]));
        }
    }
}
