//! Fermat's test with base 2: is 2^(m - 1) equal to 1 modulo m?
//!
//! It only rejects candidates before `crypto_primes::is_prime` sees them, and never has the last word: a mistake in
//! here could make the search slow, not a key weak. It is worth its lines because nearly all of a run's time goes
//! into this question, some 200 times for three keys of 2048 bits, and it takes half the time of a general library's
//! exponentiation. No step depends on the candidate's bits.
//!
//! What makes it fast:
//! - Numbers are stored in limbs of 61 bits, so that a whole column of products fits a `u128`: a multiplication, an
//!   addition and an addition with carry each, and nothing else.
//! - The spare bits above the number absorb what Montgomery's reduction would otherwise have to subtract after each
//!   squaring, and the doublings of three squarings at once.
//! - The factor of a reduction step is the lowest limb as it stands, with no multiplication to find it, because the
//!   modulus is replaced by the multiple of it that is -1 modulo 2^61 (see [`Modulus::folded`]).
//! - Columns are unrolled; larger numbers are processed in tiles whose code fits the instruction cache.

use crypto_bigint::{BoxedUint, Integer, Word};
use zeroize::Zeroize;

mod columns;
#[cfg(test)]
mod tests;

use columns::{
    Columns, Tile, add_product, add_reduction, add_square, carry, low, product, reduction_column,
    square_column, unrolled,
};

/// True if the candidate passes. A candidate of a width that no RSA key needs always does: the verdict is another's.
pub(super) fn passes(candidate: &BoxedUint) -> bool {
    match candidate.bit_width_vartime() {
        512 => Modulus::<9, 1>::new(candidate).is_some_and(|modulus| modulus.passes()),
        1024 => Modulus::<17, 1>::new(candidate).is_some_and(|modulus| modulus.passes()),
        1536 => Modulus::<9, 3>::new(candidate).is_some_and(|modulus| modulus.passes()),
        2048 => Modulus::<7, 5>::new(candidate).is_some_and(|modulus| modulus.passes()),
        _ => true,
    }
}

/// T * B limbs, least significant first.
type Number<const T: usize, const B: usize> = [Tile<T>; B];

/// An odd modulus m. Squares are Montgomery's, for R = 2^(`BITS` * `LIMBS`).
struct Modulus<const T: usize, const B: usize> {
    limbs: Number<T, B>,
    /// (k m + 1) / 2^`BITS`, where k is `inverse`. To add q k m to a number whose lowest limb is q, and to drop the
    /// limb that has become zero, is to drop that limb and to add q times this.
    folded: Number<T, B>,
    /// -1/m modulo 2^`BITS`.
    inverse: u64,
    /// The modulus has so many bits.
    width: usize,
}

impl<const T: usize, const B: usize> Modulus<T, B> {
    const LIMBS: usize = {
        assert!(T <= 17, "unrolled! knows no more indices");
        T * B
    };
    /// A column has up to 2 * `LIMBS` products, and all of them together stay below 2^128.
    const BITS: usize = if Self::LIMBS < 32 { 61 } else { 60 };
    const MASK: u64 = (1 << Self::BITS) - 1;
    /// The number of squarings that share the doublings of the exponent's bits.
    const WINDOW: usize = 3;

    /// `None` where the number is even, or leaves too few spare bits: 13 keep every power below 2^10 m.
    fn new(number: &BoxedUint) -> Option<Self> {
        let width = usize::try_from(number.bit_width_vartime()).ok()?;
        if number.is_even().to_bool() || width + 13 > Self::BITS * Self::LIMBS {
            return None;
        }
        let limbs: Number<T, B> = to_limbs(number, Self::BITS);
        let lowest = limbs[0][0];
        // Newton's iteration doubles the number of right bits: 1, 2, 4, ... 64.
        let inverse = (0..6).fold(1_u64, |x, _| x.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(x))));
        let inverse = inverse.wrapping_neg() & Self::MASK;
        let mut folded = [[0; T]; B];
        // The lowest limb of k m + 1 is zero; from the next on the limbs are what is looked for.
        let mut column = (product(lowest, inverse) + 1) >> Self::BITS;
        let higher = limbs.as_flattened().iter().skip(1).chain([&0]);
        for (place, limb) in folded.as_flattened_mut().iter_mut().zip(higher) {
            column += product(*limb, inverse);
            *place = low(column) & Self::MASK;
            column >>= Self::BITS;
        }
        Some(Self { limbs, folded, inverse, width })
    }

    fn passes(&self) -> bool {
        let mut residue = self.residue();
        let is_one = residue.as_flattened().iter().fold(1, |difference, limb| difference ^ limb) == 0
            && residue[0][0] == 1;
        residue.zeroize();
        is_one
    }

    /// 2^(m - 1) modulo m.
    fn residue(&self) -> Number<T, B> {
        let mut power = self.montgomery_one();
        for window in (0..self.width.div_ceil(Self::WINDOW)).rev() {
            for _ in 0..Self::WINDOW {
                power = self.square(&power);
            }
            Self::shift_left(&mut power, self.exponent_digit(window));
        }
        let residue = self.reduce(&power);
        power.zeroize();
        residue
    }

    /// The bits of a window in m - 1, which has m's bits but for the lowest, which is 0.
    fn exponent_digit(&self, window: usize) -> u64 {
        let at = window * Self::WINDOW;
        let (limb, bit) = (at / Self::BITS, at % Self::BITS);
        let limbs = self.limbs.as_flattened();
        let above = limbs.get(limb + 1).copied().unwrap_or(0);
        let digit = (limbs[limb] >> bit | above << (Self::BITS - bit)) & ((1 << Self::WINDOW) - 1);
        if window == 0 { digit & !1 } else { digit }
    }

    /// R modulo m, the number 1 in Montgomery's form: a power of two below m, doubled often enough.
    fn montgomery_one(&self) -> Number<T, B> {
        let top = self.width - 1;
        let mut one = [[0; T]; B];
        one.as_flattened_mut()[top / Self::BITS] = 1 << (top % Self::BITS);
        for _ in top..Self::BITS * Self::LIMBS {
            Self::shift_left(&mut one, 1);
            let (mut less, borrow) = self.without_modulus(&one);
            let keep = borrow.wrapping_neg();
            for (limb, less) in one.as_flattened_mut().iter_mut().zip(less.as_flattened()) {
                *limb = *limb & keep | less & !keep;
            }
            less.zeroize();
        }
        one
    }

    fn without_modulus(&self, a: &Number<T, B>) -> (Number<T, B>, u64) {
        let (mut less, mut borrow) = (*a, 0);
        for (limb, m) in less.as_flattened_mut().iter_mut().zip(self.limbs.as_flattened()) {
            let difference = limb.wrapping_sub(*m).wrapping_sub(borrow);
            borrow = difference >> 63;
            *limb = difference & Self::MASK;
        }
        (less, borrow)
    }

    /// Doubles it so many times, fewer than `BITS`.
    fn shift_left(a: &mut Number<T, B>, by: u64) {
        let limbs = a.as_flattened_mut();
        for i in (1..Self::LIMBS).rev() {
            limbs[i] = limbs[i] << by & Self::MASK | limbs[i - 1] >> (Self::BITS as u64 - by);
        }
        limbs[0] = limbs[0] << by & Self::MASK;
    }

    /// Montgomery's squaring, a/R a modulo m, column by column (product scanning). The result is below a^2/R + 2 m,
    /// as the last factor multiplies m itself.
    #[inline(never)]
    fn square(&self, a: &Number<T, B>) -> Number<T, B> {
        let twice = a.map(|tile| tile.map(|limb| limb << 1));
        let (mut factors, mut result) = ([[0; T]; B], [[0; T]; B]);
        let mut columns = [[0; T]; 2];
        // The first reduction shares its loop with a square, whose products do not wait for each other.
        factors[0] = self.eliminate(&mut columns, |i| square_column(&a[0], &twice[0], i));
        for tile in 1..2 * B {
            columns = [columns[1], [0; T]];
            let first = (tile + 1).saturating_sub(B);
            for j in first..tile.div_ceil(2) {
                add_product(&mut columns, &twice[j], &a[tile - j]);
            }
            if tile.is_multiple_of(2) {
                add_square(&mut columns, &a[tile / 2], &twice[tile / 2]);
            }
            for (j, factors) in factors.iter().enumerate().take(tile).skip(first) {
                add_reduction(&mut columns, factors, &self.folded[tile - j], &self.limbs[tile - j]);
            }
            if tile < B {
                factors[tile] = self.eliminate(&mut columns, |_| 0);
            } else {
                result[tile - B] = carry(&mut columns, Self::BITS);
            }
        }
        result
    }

    /// Adds multiples of the modulus until the first tile of columns is zero; the factors that did it.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "its columns stay in registers")]
    fn eliminate(&self, columns: &mut Columns<T>, more: impl Fn(usize) -> u128) -> Tile<T> {
        let (folded, limbs) = (&self.folded[0], &self.limbs[0]);
        let (mut factors, mut carry) = ([0; T], 0);
        unrolled!(T, |i| {
            let mut column = columns[0][i] + more(i) + reduction_column(&factors, folded, limbs, i) + carry;
            if i + 1 < T {
                factors[i] = low(column) & Self::MASK;
            } else {
                factors[i] = low(column).wrapping_mul(self.inverse) & Self::MASK;
                column += product(factors[i], limbs[0]);
            }
            carry = column >> Self::BITS;
        });
        columns[1][0] += carry;
        unrolled!(T - 1, |i| {
            columns[1][i] += more(i + T) + reduction_column(&factors, folded, limbs, i + T);
        });
        factors
    }

    /// a/R modulo m, at least 1 and at most m: out of Montgomery's form.
    fn reduce(&self, a: &Number<T, B>) -> Number<T, B> {
        let mut reduced = *a;
        for _ in 0..Self::LIMBS {
            let limbs = reduced.as_flattened_mut();
            let factor = limbs[0].wrapping_mul(self.inverse) & Self::MASK;
            let mut column = 0;
            for (i, m) in self.limbs.as_flattened().iter().enumerate() {
                column += product(factor, *m) + u128::from(limbs[i]);
                if i > 0 {
                    limbs[i - 1] = low(column) & Self::MASK;
                }
                column >>= Self::BITS;
            }
            limbs[Self::LIMBS - 1] = low(column);
        }
        reduced
    }
}

impl<const T: usize, const B: usize> Drop for Modulus<T, B> {
    fn drop(&mut self) {
        self.limbs.zeroize();
        self.folded.zeroize();
        self.inverse.zeroize();
    }
}

fn to_limbs<const T: usize, const B: usize>(number: &BoxedUint, bits: usize) -> Number<T, B> {
    let mut limbs = [[0; T]; B];
    let mut words = number.as_words().iter();
    let (mut pending, mut count) = (0_u128, 0);
    for limb in limbs.as_flattened_mut() {
        while count < bits {
            pending |= words.next().map_or(0, |word| u128::from(*word)) << count;
            count += Word::BITS as usize;
        }
        *limb = low(pending) & ((1 << bits) - 1);
        pending >>= bits;
        count -= bits;
    }
    limbs
}
