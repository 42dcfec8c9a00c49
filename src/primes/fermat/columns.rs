//! Columns of products, as long multiplication has them: unrolled, and summed up before anything is carried.
#![expect(clippy::inline_always, reason = "a call for each column would take longer than the column")]

/// T limbs.
pub(super) type Tile<const T: usize> = [u64; T];
/// The sums of products that belong to the limbs of a tile, and of the next.
pub(super) type Columns<const T: usize> = [[u128; T]; 2];

/// Repeats the block for each index below the count: LLVM does not unroll a loop of loops. The loops inside are `for`
/// loops because it unrolls those, and not an iterator's `sum`.
macro_rules! unrolled {
    ($count:expr, |$index:ident| $body:block) => {
        unrolled!(@ 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; $count, $index, $body)
    };
    (@ $($value:literal)*; $count:expr, $index:ident, $body:block) => {
        $(if $value < $count {
            let $index: usize = $value;
            $body
        })*
    };
}
pub(super) use unrolled;

#[inline(never)]
pub(super) fn add_product<const T: usize>(columns: &mut Columns<T>, a: &Tile<T>, b: &Tile<T>) {
    unrolled!(T, |i| { columns[0][i] += product_column(a, b, i) });
    unrolled!(T - 1, |i| { columns[1][i] += product_column(a, b, i + T) });
}

#[inline(always)]
pub(super) fn add_square<const T: usize>(columns: &mut Columns<T>, a: &Tile<T>, twice: &Tile<T>) {
    unrolled!(T, |i| { columns[0][i] += square_column(a, twice, i) });
    unrolled!(T - 1, |i| { columns[1][i] += square_column(a, twice, i + T) });
}

#[inline(never)]
pub(super) fn add_reduction<const T: usize>(
    columns: &mut Columns<T>,
    factors: &Tile<T>,
    folded: &Tile<T>,
    m: &Tile<T>,
) {
    unrolled!(T, |i| { columns[0][i] += reduction_column(factors, folded, m, i) });
    columns[0][T - 1] += product(factors[T - 1], m[0]);
    unrolled!(T - 1, |i| { columns[1][i] += reduction_column(factors, folded, m, i + T) });
}

#[inline(always)]
fn product_column<const T: usize>(a: &Tile<T>, b: &Tile<T>, i: usize) -> u128 {
    let mut column = 0;
    for j in (i + 1).saturating_sub(T)..T.min(i + 1) {
        column += product(a[j], b[i - j]);
    }
    column
}

/// The products of a tile with itself: each pair once and doubled.
#[inline(always)]
pub(super) fn square_column<const T: usize>(a: &Tile<T>, twice: &Tile<T>, i: usize) -> u128 {
    let mut column = 0;
    for j in (i + 1).saturating_sub(T)..i.div_ceil(2) {
        column += product(twice[j], a[i - j]);
    }
    if i.is_multiple_of(2) {
        column += product(a[i / 2], a[i / 2]);
    }
    column
}

/// The products that the factors of a tile add to a column: the last multiplies m, the others `folded`, a limb further up. The
/// last factor's lowest product is left to the caller, who may have to find that factor first.
#[inline(always)]
pub(super) fn reduction_column<const T: usize>(
    factors: &Tile<T>,
    folded: &Tile<T>,
    m: &Tile<T>,
    i: usize,
) -> u128 {
    let mut column = if i < T { 0 } else { product(factors[T - 1], m[i + 1 - T]) };
    for j in i.saturating_sub(T)..i.min(T - 1) {
        column += product(factors[j], folded[i - 1 - j]);
    }
    column
}

#[inline(always)]
pub(super) fn product(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

#[expect(clippy::cast_possible_truncation, reason = "the lowest word is what is asked for")]
pub(super) fn low(wide: u128) -> u64 {
    wide as u64
}

/// The first tile of columns as limbs of so many bits; what is left goes to the next tile.
#[inline(always)]
pub(super) fn carry<const T: usize>(columns: &mut Columns<T>, bits: usize) -> Tile<T> {
    let (mut limbs, mut carry) = ([0; T], 0);
    unrolled!(T, |i| {
        let column = columns[0][i] + carry;
        limbs[i] = low(column) & ((1 << bits) - 1);
        carry = column >> bits;
    });
    columns[1][0] += carry;
    limbs
}
