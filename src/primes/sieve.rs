//! A sieve: finds the numbers from a start that have no small factor.
//!
//! The primes go to 2^17: each is worth a hundredth of what it costs where a Fermat test takes 0.1 ms. Big numbers are
//! divided by products of small primes that fit a word, not by each of them.

use crypto_bigint::{BoxedUint, Limb, NonZero, Reciprocal, Word};

/// The limit of the small primes.
const BOUND: u32 = 1 << 17;

/// The odd primes below [`BOUND`], in groups.
pub(super) struct SmallPrimes {
    primes: Vec<u32>,
    groups: Vec<Group>,
}

/// Primes that follow each other, and their product.
struct Group {
    reciprocal: Reciprocal,
    first: usize,
    end: usize,
}

impl SmallPrimes {
    pub(super) fn new() -> Self {
        let primes = odd_primes();
        let mut groups = Vec::new();
        let mut first = 0;
        while first < primes.len() {
            let (mut product, mut end): (Word, usize) = (1, first);
            while let Some(more) = primes.get(end).and_then(|prime| product.checked_mul(Word::from(*prime))) {
                (product, end) = (more, end + 1);
            }
            let product = NonZero::new(Limb(product)).expect_copied("a product of primes is not zero");
            groups.push(Group { reciprocal: Reciprocal::new(product), first, end });
            first = end;
        }
        Self { primes, groups }
    }

    /// Marks in `composite`, whose element k stands for `start` + 2 k, what has a small factor. The start is odd, and
    /// greater than all small primes.
    #[expect(clippy::cast_possible_truncation, reason = "a remainder is below its prime")]
    pub(super) fn mark(&self, start: &BoxedUint, composite: &mut [bool]) {
        composite.fill(false);
        for group in &self.groups {
            let rest = start.rem_limb_with_reciprocal(&group.reciprocal).0;
            for prime in &self.primes[group.first..group.end] {
                let (prime, rest) = (*prime as usize, (rest % Word::from(*prime)) as usize);
                // The least k with start + 2 k = 0 modulo the prime: half of what is missing, or of that and the prime.
                let missing = prime - rest;
                let first = if rest == 0 { 0 } else { missing.midpoint((missing & 1) * prime) };
                for marked in composite.iter_mut().skip(first).step_by(prime) {
                    *marked = true;
                }
            }
        }
    }
}

/// Eratosthenes' sieve; element k stands for 2 k + 1.
fn odd_primes() -> Vec<u32> {
    let mut composite = vec![false; BOUND as usize / 2];
    let mut primes = Vec::with_capacity(12_250);
    for number in (3..BOUND).step_by(2) {
        if composite[number as usize / 2] {
            continue;
        }
        primes.push(number);
        for multiple in (number.saturating_mul(number)..BOUND).step_by(2 * number as usize) {
            composite[multiple as usize / 2] = true;
        }
    }
    primes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primes_are_all_odd_primes_below_the_bound() {
        let small = SmallPrimes::new();
        assert_eq!(small.primes[..5], [3, 5, 7, 11, 13]);
        // pi(2^17) = 12251 (OEIS A007053), 2 among them.
        assert_eq!((small.primes.len(), small.primes.last()), (12_250, Some(&131_071)));
        let in_groups: Vec<u32> =
            small.groups.iter().flat_map(|group| small.primes[group.first..group.end].to_vec()).collect();
        assert_eq!(in_groups, small.primes, "each is in one group");
    }

    #[test]
    fn what_is_marked_has_a_small_factor_and_nothing_else_is() {
        let small = SmallPrimes::new();
        let divides = |prime: u32, number: &BoxedUint| {
            number.rem_limb(NonZero::new(Limb(Word::from(prime))).unwrap()) == Limb::ZERO
        };
        for fill in [1_u8, 0x5b, 0xef] {
            let start = BoxedUint::from_be_slice_vartime(&[fill | 1; 64]);
            let mut composite = vec![false; 300];
            small.mark(&start, &mut composite);
            for (at, marked) in composite.iter().enumerate() {
                let number = start.wrapping_add(BoxedUint::from(2 * at as u64));
                let has_factor = small.primes.iter().any(|prime| divides(*prime, &number));
                assert_eq!(*marked, has_factor, "{fill:x} + 2 * {at}");
            }
        }
    }

    #[test]
    fn a_start_that_is_composite_itself_is_marked() {
        let small = SmallPrimes::new();
        for prime in [3_u64, 5, 131_071] {
            let start = BoxedUint::from(prime).wrapping_mul(BoxedUint::from((1_u64 << 40) + 1));
            let mut composite = [false; 4];
            small.mark(&start, &mut composite);
            assert!(composite[0], "{prime}");
        }
    }
}
