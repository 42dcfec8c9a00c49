//! Fermat's test with base 2: is 2^(m - 1) equal to 1 modulo m?
//!
//! It only turns candidates down before `crypto_primes::is_prime` looks at them, and never has the last word: a
//! mistake in here could make the search slow, not a key weak. It is worth its lines because nearly all of a run's
//! time goes into this question, some 240 times, and a squaring that uses its symmetry takes two thirds of the
//! time of crypto-bigint's, which multiplies. No step depends on the candidate's bits.

/// A sum of products of words, wide enough for all columns of a number of 2^63 words.
#[derive(Clone, Copy, Default)]
struct Column {
    low: u128,
    high: u64,
}

impl Column {
    fn add_product(&mut self, a: u64, b: u64) {
        let (sum, carry) = self.low.overflowing_add(u128::from(a) * u128::from(b));
        self.low = sum;
        self.high += u64::from(carry);
    }

    fn add(&mut self, other: Self) {
        let (sum, carry) = self.low.overflowing_add(other.low);
        self.low = sum;
        self.high += other.high + u64::from(carry);
    }

    fn doubled(self) -> Self {
        Self { low: self.low << 1, high: self.high << 1 | low_word(self.low >> 127) }
    }

    /// Takes the lowest word out; the column is the next one then.
    fn shift(&mut self) -> u64 {
        let word = low_word(self.low);
        self.low = self.low >> 64 | u128::from(self.high) << 64;
        self.high = 0;
        word
    }
}

/// An odd modulus of N words, least significant first, with its top bit set.
pub(super) struct Modulus<const N: usize> {
    words: [u64; N],
    /// -1/m modulo 2^64.
    inverse: u64,
}

impl<const N: usize> Modulus<N> {
    /// `None` where the number is even or its top bit is not set.
    pub(super) fn new(words: [u64; N]) -> Option<Self> {
        let (lowest, highest) = (words.first()?, words.last()?);
        if lowest & 1 == 0 || highest >> 63 == 0 {
            return None;
        }
        // Newton's iteration doubles the number of right bits: 1, 2, 4, ... 64.
        let inverse = (0..6).fold(1_u64, |x, _| x.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(x))));
        Some(Self { words, inverse: inverse.wrapping_neg() })
    }

    /// The test.
    pub(super) fn is_fermat_probable_prime(&self) -> bool {
        let one = self.montgomery_one();
        let mut power = one;
        for bit in (0..64 * N).rev() {
            power = self.square(&power);
            // m - 1 has m's bits, but for the lowest, which is 0.
            let exponent_bit = if bit == 0 { 0 } else { self.words[bit / 64] >> (bit % 64) & 1 };
            self.double_if(&mut power, exponent_bit);
        }
        // A power is kept below 2^(64 N), not below m.
        let mut reduced = power;
        let borrow = self.subtract_if(&mut reduced, 1);
        power == one || (borrow == 0 && reduced == one)
    }

    /// 2^(64 N) - m, which is 2^(64 N) modulo m as m has its top bit: the number 1 in Montgomery's form.
    fn montgomery_one(&self) -> [u64; N] {
        let mut one = [0; N];
        self.subtract_if(&mut one, 1);
        one
    }

    /// Montgomery's squaring, column by column (product scanning).
    fn square(&self, a: &[u64; N]) -> [u64; N] {
        let m = &self.words;
        let (mut quotient, mut result) = ([0; N], [0; N]);
        let mut column = Column::default();
        for i in 0..N {
            column.add(square_column(a, 0, i));
            for j in 0..i {
                column.add_product(quotient[j], m[i - j]);
            }
            quotient[i] = low_word(column.low).wrapping_mul(self.inverse);
            column.add_product(quotient[i], m[0]);
            column.shift();
        }
        for i in N..2 * N {
            column.add(square_column(a, i + 1 - N, i));
            for j in i + 1 - N..N {
                column.add_product(quotient[j], m[i - j]);
            }
            result[i - N] = column.shift();
        }
        self.subtract_if(&mut result, low_word(column.low));
        result
    }

    /// Doubles if `bit` is 1, and takes m off as often as it takes to stay below 2^(64 N).
    fn double_if(&self, a: &mut [u64; N], bit: u64) {
        let mask = bit.wrapping_neg();
        let mut carry = 0;
        for word in a.iter_mut() {
            let sum = u128::from(*word) + u128::from(*word & mask) + u128::from(carry);
            *word = low_word(sum);
            carry = low_word(sum >> 64);
        }
        let borrow = self.subtract_if(a, carry);
        self.subtract_if(a, carry & (1 - borrow));
    }

    /// Takes m off if `on` is 1; the borrow.
    fn subtract_if(&self, a: &mut [u64; N], on: u64) -> u64 {
        let mask = on.wrapping_neg();
        let mut borrow = false;
        for (word, m) in a.iter_mut().zip(&self.words) {
            let (difference, first) = word.overflowing_sub(m & mask);
            let (difference, second) = difference.overflowing_sub(u64::from(borrow));
            *word = difference;
            borrow = first | second;
        }
        u64::from(borrow)
    }
}

/// The products a[j] * a[i - j] of one column of a square, from `first` on: each pair once and doubled.
fn square_column<const N: usize>(a: &[u64; N], first: usize, i: usize) -> Column {
    let mut pairs = Column::default();
    for j in first..i.div_ceil(2) {
        pairs.add_product(a[j], a[i - j]);
    }
    let mut column = pairs.doubled();
    if i.is_multiple_of(2) && i / 2 < N {
        column.add_product(a[i / 2], a[i / 2]);
    }
    column
}

#[expect(clippy::cast_possible_truncation, reason = "the lowest word is what is asked for")]
fn low_word(wide: u128) -> u64 {
    wide as u64
}

#[cfg(test)]
mod tests {
    use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
    use crypto_bigint::{Odd, U256, Uint};
    use proptest::prelude::*;

    use super::*;

    /// The same question to crypto-bigint.
    fn reference<const LIMBS: usize>(words: [u64; LIMBS]) -> bool {
        let m = Uint::<LIMBS>::from_words(words);
        let params = FixedMontyParams::new_vartime(Odd::new(m).unwrap());
        let power = FixedMontyForm::new(&Uint::from(2_u32), &params).pow(&m.wrapping_sub(&Uint::ONE));
        power.retrieve() == Uint::ONE
    }

    fn candidate<const N: usize>(mut words: [u64; N]) -> [u64; N] {
        words[0] |= 1;
        words[N - 1] |= 1 << 63;
        words
    }

    #[test]
    fn primes_pass_and_what_is_no_candidate_is_none() {
        // 2^256 - 189 and 2^256 - 357 are the largest primes below 2^256 (OEIS A013603 for the first).
        for distance in [189_u32, 357] {
            let prime = U256::MAX.wrapping_sub(&U256::from(distance - 1)).to_words();
            assert!(Modulus::new(prime).unwrap().is_fermat_probable_prime(), "2^256 - {distance}");
        }
        assert!(Modulus::new([2, 1 << 63]).is_none(), "even");
        assert!(Modulus::new([1, 1]).is_none(), "top bit");
    }

    #[test]
    fn extremes_agree_with_crypto_bigint() {
        for low in [1, 3, u64::MAX] {
            for high in [1 << 63, u64::MAX] {
                for middle in [0, 1, u64::MAX] {
                    let words = candidate([low, middle, middle, high]);
                    let ours = Modulus::new(words).unwrap().is_fermat_probable_prime();
                    assert_eq!(ours, reference(words), "{words:x?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn agrees_with_crypto_bigint(words in any::<[u64; 2]>()) {
            // Numbers of 128 bits: one in 44 odd ones is prime, so both answers are met.
            let words = candidate(words);
            prop_assert_eq!(Modulus::new(words).unwrap().is_fermat_probable_prime(), reference(words));
        }

        #[test]
        fn agrees_with_crypto_bigint_at_full_width(words in any::<[u64; 16]>()) {
            let words = candidate(words);
            prop_assert_eq!(Modulus::new(words).unwrap().is_fermat_probable_prime(), reference(words));
        }

        #[test]
        fn squares_are_squares(a in any::<[u64; 4]>(), m in any::<[u64; 4]>()) {
            let modulus = Modulus::new(candidate(m)).unwrap();
            let params = FixedMontyParams::new_vartime(Odd::new(U256::from_words(modulus.words)).unwrap());
            let reduced = U256::from_words(a).rem_vartime(params.modulus().as_nz_ref());
            let expected = FixedMontyForm::from_montgomery(reduced, &params).square().to_montgomery();
            let ours = U256::from_words(modulus.square(&a)).rem_vartime(params.modulus().as_nz_ref());
            prop_assert_eq!(ours, expected);
        }
    }
}
