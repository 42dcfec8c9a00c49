//! The search for RSA primes, on all cores at once.
//!
//! Nearly all the time of a run goes into this search, and one key's primes take several times as long as
//! another's. So cores do not work for a key: each searches from random starts of its own until enough primes
//! are found, whoever finds them. Each prime has a start of its own from the operating system's randomness, with the
//! same two top bits set as those of `rsa` itself, and the verdict is `crypto_primes::is_prime`'s (strong Baillie-PSW).

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crypto_bigint::{BitOps, BoxedUint, CheckedAdd, Limb, RandomBits};
use crypto_primes::{Flavor, is_prime};
use getrandom::SysRng;
use zeroize::Zeroizing;

mod fermat;
mod sieve;

use sieve::SmallPrimes;

/// RSA's public exponent, F4.
pub const EXPONENT: u64 = 65537;

/// A prime that is overwritten when it is dropped.
type Prime = Zeroizing<BoxedUint>;

/// Finds two primes for each of `count` RSA keys of `key_bits`, and makes of each two what `use_pair` says: half as
/// wide as the key, two top bits set, so that their product has exactly `key_bits`; all distinct; and 65537 has an
/// inverse modulo each less one.
///
/// `on_all_cores` runs the work that it is given on as many threads as it likes. `None` if the operating system gives no
/// randomness.
pub fn pairs<R: Send>(
    count: usize,
    key_bits: u32,
    on_all_cores: impl FnOnce(&(dyn Fn() + Sync)),
    use_pair: impl Fn(BoxedUint, BoxedUint) -> R + Sync,
) -> Option<Vec<R>> {
    let search = Search {
        bits: key_bits / 2,
        wanted: 2 * count,
        small_primes: SmallPrimes::new(),
        claimed: AtomicUsize::new(0),
        found: Mutex::default(),
    };
    let results = Mutex::new(Vec::with_capacity(count));
    on_all_cores(&|| {
        while let Some(prime) = search.next_prime() {
            search.add(prime);
        }
        // A thread without work left turns to the primes that were found.
        while let Some((p, q)) = search.take_pair() {
            let result = use_pair(p, q);
            if let Ok(mut results) = results.lock() {
                results.push(result);
            }
        }
    });
    results.into_inner().ok().filter(|results| results.len() == count)
}

struct Search {
    /// The width of a prime.
    bits: u32,
    wanted: usize,
    small_primes: SmallPrimes,
    /// The primes that are found, and candidates that wait for their verdict, which hardly any fails.
    claimed: AtomicUsize,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    primes: Vec<Prime>,
    /// The number that keys use.
    taken: usize,
}

impl Search {
    fn is_over(&self) -> bool {
        self.claimed.load(Ordering::Relaxed) >= self.wanted
    }

    /// The next prime from a random start; `None` once enough are found, or without randomness.
    fn next_prime(&self) -> Option<Prime> {
        // Ten or more primes are to be expected in so many odd numbers.
        let mut composite = Zeroizing::new(vec![false; 4 * self.bits as usize]);
        while !self.is_over() {
            let start = self.random_start()?;
            self.small_primes.mark(&start, &mut composite);
            for at in (0..).zip(composite.iter()).filter(|(_, composite)| !**composite).map(|(at, _)| at) {
                if self.is_over() {
                    break;
                }
                // A number that would be wider ends the numbers from this start.
                let Some(candidate) = start.checked_add(&BoxedUint::from(2_u64 * at)).into_option() else {
                    break;
                };
                let candidate = Zeroizing::new(candidate);
                if self.is_probable_prime(&candidate) {
                    return Some(candidate);
                }
            }
        }
        None
    }

    fn random_start(&self) -> Option<Prime> {
        let mut start = Zeroizing::new(BoxedUint::try_random_bits(&mut SysRng, self.bits).ok()?);
        for bit in [0, self.bits - 1, self.bits - 2] {
            start.set_bit_vartime(bit, true);
        }
        Some(start)
    }

    /// The verdict is `crypto_primes::is_prime`'s; Fermat's test goes before it because it is cheaper, and rejects
    /// all but about one composite in a million million. So nobody else looks for a prime that waits for its verdict.
    fn is_probable_prime(&self, candidate: &BoxedUint) -> bool {
        if !fermat::passes(candidate) || !exponent_is_invertible(candidate) {
            return false;
        }
        if self.claimed.fetch_add(1, Ordering::Relaxed) < self.wanted && is_prime(Flavor::Any, candidate) {
            return true;
        }
        self.claimed.fetch_sub(1, Ordering::Relaxed);
        false
    }

    fn add(&self, prime: Prime) {
        let Ok(mut found) = self.found.lock() else { return };
        if found.primes.contains(&prime) {
            self.claimed.fetch_sub(1, Ordering::Relaxed);
        } else {
            found.primes.push(prime);
        }
    }

    fn take_pair(&self) -> Option<(BoxedUint, BoxedUint)> {
        let mut found = self.found.lock().ok()?;
        let (p, q) = (found.primes.get(found.taken)?, found.primes.get(found.taken + 1)?);
        let pair = (BoxedUint::clone(p), BoxedUint::clone(q));
        found.taken += 2;
        Some(pair)
    }
}

fn exponent_is_invertible(prime: &BoxedUint) -> bool {
    let exponent = Limb(65537).to_nz().expect_copied("65537 is not zero");
    prime.rem_limb(exponent) != Limb::ONE
}

#[cfg(test)]
mod tests {
    use crypto_bigint::ConcatenatingMul;

    use super::*;

    #[test]
    fn primes_have_full_width_two_top_bits_and_differ() {
        for key_bits in [1024, 2048, 3072] {
            let half = key_bits / 2;
            let pairs = pairs(3, key_bits, |work| work(), |p, q| (p, q)).unwrap();
            assert_eq!(pairs.len(), 3);
            for (p, q) in &pairs {
                let product = p.concatenating_mul(q);
                assert_eq!(product.bit_width_vartime(), key_bits, "the modulus has its full length");
            }
            let primes: Vec<BoxedUint> = pairs.into_iter().flat_map(|(p, q)| [p, q]).collect();
            for (i, prime) in primes.iter().enumerate() {
                assert_eq!(prime.bit_width_vartime(), half);
                assert!(prime.bit_vartime(half - 1) && prime.bit_vartime(half - 2), "two top bits");
                assert!(is_prime(Flavor::Any, prime), "prime");
                assert!(exponent_is_invertible(prime), "65537 does not divide p - 1");
                assert!(!primes[..i].contains(prime), "distinct");
            }
        }
    }

    #[test]
    fn a_prime_that_65537_divides_less_one_is_turned_down() {
        // 65537 * 6 + 1 is prime, and 65537 has no inverse modulo 393222.
        assert!(!exponent_is_invertible(&BoxedUint::from(393_223_u64)));
        assert!(exponent_is_invertible(&BoxedUint::from(393_209_u64)));
    }

    /// A search that wants so many primes of 64 bits.
    fn search(wanted: usize) -> Search {
        Search {
            bits: 64,
            wanted,
            small_primes: SmallPrimes::new(),
            claimed: AtomicUsize::new(0),
            found: Mutex::default(),
        }
    }

    #[test]
    fn fermat_s_test_only_goes_before_the_verdict() {
        let search = search(1);
        // 2^64 - 59 is prime; the next odd numbers below are not. Fermat's test passes all of this width.
        for composite in [u64::MAX - 60, u64::MAX - 62, u64::MAX] {
            assert!(!search.is_probable_prime(&BoxedUint::from(composite)), "{composite}");
            assert!(!search.is_over(), "what fails is not claimed");
        }
        assert!(search.is_probable_prime(&BoxedUint::from(u64::MAX - 58)));
        assert!(search.is_over());
    }

    #[test]
    fn a_prime_found_twice_counts_once() {
        let search = search(2);
        for _ in 0..3 {
            assert!(search.take_pair().is_none());
            assert!(search.is_probable_prime(&BoxedUint::from(u64::MAX - 58)));
            search.add(Zeroizing::new(BoxedUint::from(u64::MAX - 58)));
            assert!(!search.is_over());
        }
        while let Some(prime) = search.next_prime() {
            search.add(prime);
        }
        assert!(search.take_pair().is_some() && search.take_pair().is_none());
    }

    #[test]
    fn nothing_asked_for_is_nothing_found() {
        assert_eq!(pairs(0, 2048, |work| work(), |_, _| ()).unwrap().len(), 0);
    }
}
