//! The search for RSA primes, on all cores at once.
//!
//! Nearly all the time of a run goes into this search, and one key's primes take several times as long as
//! another's. So cores do not work for a key: each searches from random starts of its own until enough primes
//! are found, whoever finds them. The primes come from the same sieve and the same primality test (strong
//! Baillie-PSW) as those of `rsa` itself, from the operating system's randomness, with the same two top bits set.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crypto_bigint::{
    BoxedUint, Encoding, RandomBits, RandomMod, U512, U1024, U1536, U2048, UnsignedWithMontyForm,
};
use crypto_primes::hazmat::SmallFactorsSieve;
use crypto_primes::{Flavor, is_prime};
use getrandom::SysRng;
use zeroize::Zeroize;

mod fermat;

use fermat::Modulus;

/// RSA's public exponent, F4.
pub(super) const EXPONENT: u64 = 65537;

/// `count` distinct primes for RSA keys of `key_bits`: half as wide, two top bits set, so that the product of
/// two has exactly `key_bits`; and 65537 has an inverse modulo each less one.
///
/// `None` if the operating system gives no randomness.
pub(super) fn random_primes(count: usize, key_bits: u32, threads: usize) -> Option<Vec<BoxedUint>> {
    match key_bits {
        1024 => search::<U512, 8>(count, key_bits / 2, threads),
        3072 => search::<U1536, 24>(count, key_bits / 2, threads),
        4096 => search::<U2048, 32>(count, key_bits / 2, threads),
        _ => search::<U1024, 16>(count, key_bits / 2, threads),
    }
}

fn search<T, const N: usize>(count: usize, bits: u32, threads: usize) -> Option<Vec<BoxedUint>>
where
    T: UnsignedWithMontyForm + RandomBits + RandomMod + Encoding + Zeroize + Send,
{
    let found = Mutex::new(Vec::with_capacity(count));
    let enough = AtomicBool::new(count == 0);
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(mut prime) = next_prime::<T, N>(bits, &enough) {
                    let Ok(mut found) = found.lock() else { return };
                    let candidate = BoxedUint::from_be_slice_vartime(prime.to_be_bytes().as_ref());
                    prime.zeroize();
                    if found.len() < count
                        && exponent_is_invertible(&candidate)
                        && !found.contains(&candidate)
                    {
                        found.push(candidate);
                    }
                    if found.len() == count {
                        enough.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    found.into_inner().ok().filter(|primes| primes.len() == count)
}

/// The next prime from a random start; `None` once there are enough, or without randomness.
fn next_prime<T, const N: usize>(bits: u32, enough: &AtomicBool) -> Option<T>
where
    T: UnsignedWithMontyForm + RandomBits + RandomMod + Encoding,
{
    let length = std::num::NonZeroU32::new(bits)?;
    while !enough.load(Ordering::Relaxed) {
        let mut start = T::try_random_bits(&mut SysRng, bits).ok()?;
        start.set_bit_vartime(0, true);
        start.set_bit_vartime(bits - 1, true);
        start.set_bit_vartime(bits - 2, true);
        let mut sieve = SmallFactorsSieve::new(start, length, false).ok()?;
        let stop_or_prime =
            sieve.find(|candidate| enough.load(Ordering::Relaxed) || is_probable_prime::<T, N>(candidate));
        if let Some(prime) = stop_or_prime.filter(|_| !enough.load(Ordering::Relaxed)) {
            return Some(prime);
        }
    }
    None
}

/// The verdict is `crypto_primes::is_prime`'s; Fermat's test goes before it because it is cheaper, and turns down
/// all but about one composite in a million million.
fn is_probable_prime<T, const N: usize>(candidate: &T) -> bool
where
    T: UnsignedWithMontyForm + RandomMod + Encoding,
{
    let mut words = [0; N];
    for (word, octets) in words.iter_mut().rev().zip(candidate.to_be_bytes().as_ref().chunks_exact(8)) {
        *word = octets.iter().fold(0, |word, octet| word << 8 | u64::from(*octet));
    }
    let passes = Modulus::new(words).is_some_and(|modulus| modulus.is_fermat_probable_prime());
    words.zeroize();
    passes && is_prime(Flavor::Any, candidate)
}

fn exponent_is_invertible(prime: &BoxedUint) -> bool {
    let exponent = crypto_bigint::Limb(65537).to_nz().expect_copied("65537 is not zero");
    prime.rem_limb(exponent) != crypto_bigint::Limb::ONE
}

#[cfg(test)]
mod tests {
    use crypto_bigint::ConcatenatingMul;

    use super::*;

    #[test]
    fn primes_have_full_width_two_top_bits_and_differ() {
        for key_bits in [2048, 3072] {
            let primes = random_primes(6, key_bits, 2).unwrap();
            assert_eq!(primes.len(), 6);
            let half = key_bits / 2;
            for (i, prime) in primes.iter().enumerate() {
                assert_eq!(prime.bit_width_vartime(), half);
                assert!(prime.bit_vartime(half - 1) && prime.bit_vartime(half - 2), "two top bits");
                assert!(is_prime(Flavor::Any, prime), "prime");
                assert!(exponent_is_invertible(prime), "65537 does not divide p - 1");
                assert!(!primes[..i].contains(prime), "distinct");
            }
            let product = primes[0].concatenating_mul(&primes[1]);
            assert_eq!(product.bit_width_vartime(), key_bits, "the modulus has its full length");
        }
    }

    #[test]
    fn a_prime_that_65537_divides_less_one_is_turned_down() {
        // 65537 * 6 + 1 is prime, and 65537 has no inverse modulo 393222.
        assert!(!exponent_is_invertible(&BoxedUint::from(393_223_u64)));
        assert!(exponent_is_invertible(&BoxedUint::from(393_209_u64)));
    }

    #[test]
    fn fermat_s_test_only_goes_before_the_verdict() {
        // 2^64 - 59 is prime; the next odd numbers below are not.
        assert!(is_probable_prime::<_, 1>(&crypto_bigint::U64::from(u64::MAX - 58)));
        for composite in [u64::MAX - 60, u64::MAX - 62, u64::MAX] {
            assert!(!is_probable_prime::<_, 1>(&crypto_bigint::U64::from(composite)), "{composite}");
        }
    }

    #[test]
    fn nothing_asked_for_is_nothing_found() {
        assert_eq!(random_primes(0, 2048, 2).unwrap().len(), 0);
    }
}
