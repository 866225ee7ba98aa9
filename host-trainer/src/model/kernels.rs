//! The few dense kernels that inference and the fused update share.
//!
//! Every matrix of activations has the shape `[unit][column]`, columns (products or samples)
//! contiguous: elementwise loops run over columns and vectorize, and observations, which come as
//! `[feature][product]`, need no transposing.

use gemm::Parallelism;

/// How a matrix lies in its slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `[row][column]`, as in the slice.
    Straight,
    /// The slice holds the transpose: `[column][row]`.
    Transposed,
}

/// `product = left * right`, or `product += left * right` with `accumulate`.
///
/// `product` is `[rows][columns]`, `left` is rows by `depth`, `right` is `depth` by columns, each in
/// the order named with it. One thread, so results do not depend on the number of cores; they may
/// differ in the last bits between processors with different vector units.
///
/// # Panics
/// If a slice's length is not the product of its sizes.
pub fn multiply(
    product: &mut [f32],
    [rows, depth, columns]: [usize; 3],
    (left, left_order): (&[f32], Order),
    (right, right_order): (&[f32], Order),
    accumulate: bool,
) {
    assert_eq!(product.len(), rows * columns, "product is rows by columns");
    assert_eq!(left.len(), rows * depth, "left is rows by depth");
    assert_eq!(right.len(), depth * columns, "right is depth by columns");
    // (column stride, row stride) of a matrix that has `rows` rows and `columns` columns.
    let strides = |rows: usize, columns: usize, order| match order {
        Order::Straight => (1, columns as isize),
        Order::Transposed => (rows as isize, 1),
    };
    let (left_column, left_row) = strides(rows, depth, left_order);
    let (right_column, right_row) = strides(depth, columns, right_order);
    // SAFETY: the assertions above bound every element that these sizes and strides can reach:
    // the largest offset is rows * columns - 1 in either order. `product` is a unique borrow, so
    // it overlaps neither operand; all f32 bit patterns are valid.
    #[allow(unsafe_code)]
    unsafe {
        gemm::gemm(
            rows,
            columns,
            depth,
            product.as_mut_ptr(),
            1,
            columns as isize,
            accumulate,
            left.as_ptr(),
            left_column,
            left_row,
            right.as_ptr(),
            right_column,
            right_row,
            1.0_f32,
            1.0_f32,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// A dense layer: `output[o][c] = bias[o] + sum over i of weights[o][i] * input[i][c]`.
pub fn dense(weights: &[f32], bias: &[f32], input: &[f32], columns: usize, output: &mut [f32]) {
    if columns == 0 {
        return;
    }
    for (row, &bias) in output.chunks_exact_mut(columns).zip(bias) {
        row.fill(bias);
    }
    let sizes = [bias.len(), weights.len() / bias.len(), columns];
    multiply(output, sizes, (weights, Order::Straight), (input, Order::Straight), true);
}

/// Negative activations become 0. A NaN stays a NaN, so that divergence is seen.
pub fn relu(values: &mut [f32]) {
    for value in values {
        *value = if *value < 0.0 { 0.0 } else { *value };
    }
}

/// `e^x`, within 2 units in the last place for -87 <= x <= 88 and clamped beyond; NaN gives NaN.
///
/// Cephes' `expf` (Moshier 1992) without branches, so that a loop over it vectorizes: the softmax of
/// 36 logits took a third of an update with the library's `exp`.
#[inline(always)]
#[must_use]
pub fn exponential(x: f32) -> f32 {
    const ROUNDER: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to an integer in the low bits
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUNDER;
    let exponent = shifted - ROUNDER;
    // x - exponent * ln 2, with ln 2 in two parts so that the subtraction is exact.
    let rest = x - exponent * 0.693_359_4 + exponent * 2.121_944_4e-4;
    let mut sum = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        sum = sum * rest + coefficient;
    }
    let fraction = sum * rest * rest + rest + 1.0;
    fraction * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_is_within_two_units_in_the_last_place() {
        for step in -87_000..88_000 {
            let x = step as f32 / 1000.0;
            let exact = f64::from(x).exp();
            let error = (f64::from(exponential(x)) - exact).abs() / exact;
            assert!(error < 2.0 * f64::from(f32::EPSILON), "x {x}: relative error {error}");
        }
        assert!(exponential(f32::NAN).is_nan());
        assert!(exponential(-1e30) > 0.0 && exponential(-1e30) < 1e-37);
    }

    #[test]
    fn multiply_takes_every_order() {
        let (rows, depth, columns) = (3, 5, 4);
        let left: Vec<f32> = (0..rows * depth).map(|i| i as f32).collect();
        let right: Vec<f32> = (0..depth * columns).map(|i| (i * i % 7) as f32).collect();
        let transpose = |matrix: &[f32], rows: usize, columns: usize| -> Vec<f32> {
            (0..rows * columns).map(|i| matrix[(i % rows) * columns + i / rows]).collect()
        };
        let mut expected = vec![1.0; rows * columns];
        for r in 0..rows {
            for c in 0..columns {
                expected[r * columns + c] +=
                    (0..depth).map(|d| left[r * depth + d] * right[d * columns + c]).sum::<f32>();
            }
        }
        let (left_t, right_t) = (transpose(&left, rows, depth), transpose(&right, depth, columns));
        for l in [(&left[..], Order::Straight), (&left_t[..], Order::Transposed)] {
            for r in [(&right[..], Order::Straight), (&right_t[..], Order::Transposed)] {
                let mut product = vec![1.0; rows * columns];
                multiply(&mut product, [rows, depth, columns], l, r, true);
                assert_eq!(product, expected);
                multiply(&mut product, [rows, depth, columns], l, r, false);
                assert!(product.iter().zip(&expected).all(|(a, b)| a + 1.0 == *b));
            }
        }
    }
}
