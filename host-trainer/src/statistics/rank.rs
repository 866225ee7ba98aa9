//! Rank correlation: whether two figures put the same things in the same order.

/// Kendall's tau-b of pairs `(x, y)`, each there `weight` times (Kendall 1945, "The treatment of ties in ranking
/// problems"): pairs in the same order less pairs in opposite order, over the geometric mean of the pairs that x and y
/// tell apart. -1 to 1; none where either tells nothing apart. Copies of one thing are tied in both, and count nowhere.
///
/// All pairs are looked at: of forty things that takes a microsecond, and the rule stays readable.
#[must_use]
pub fn kendall<X: PartialOrd, Y: PartialOrd>(x: &[X], y: &[Y], weight: &[u32]) -> Option<f64> {
    let (mut agree, mut by_x, mut by_y) = (0i64, 0i64, 0i64);
    for (i, &wi) in weight.iter().enumerate().filter(|(_, w)| **w > 0) {
        for (j, &wj) in weight.iter().enumerate().take(i) {
            let pairs = i64::from(wi) * i64::from(wj);
            let (a, b) = (sign(&x[i], &x[j]), sign(&y[i], &y[j]));
            agree += pairs * a * b;
            by_x += pairs * a * a;
            by_y += pairs * b * b;
        }
    }
    (by_x > 0 && by_y > 0).then(|| agree as f64 / (by_x as f64 * by_y as f64).sqrt())
}

/// 1 where `a` is above `b`, -1 below, 0 where they are equal or can't be compared.
fn sign<T: PartialOrd>(a: &T, b: &T) -> i64 {
    i64::from(a > b) - i64::from(a < b)
}

/// Pearson's correlation of pairs, each there `weight` times. -1 to 1; none where either never varies.
#[must_use]
pub fn pearson(x: &[f64], y: &[f64], weight: &[u32]) -> Option<f64> {
    let all: f64 = weight.iter().map(|&w| f64::from(w)).sum();
    let mean = |v: &[f64]| v.iter().zip(weight).map(|(v, &w)| v * f64::from(w)).sum::<f64>() / all;
    let (mx, my) = (mean(x), mean(y));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for ((x, y), &w) in x.iter().zip(y).zip(weight) {
        let (a, b, w) = (x - mx, y - my, f64::from(w));
        xx += w * a * a;
        yy += w * b * b;
        xy += w * a * b;
    }
    let varies = |square: f64, mean: f64| square > 1e-24 * all * mean * mean && square > 0.0;
    (varies(xx, mx) && varies(yy, my)).then(|| (xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONCE: [u32; 12] = [1; 12];

    fn tau(x: &[i32], y: &[i32]) -> Option<f64> {
        kendall(x, y, &ONCE[..x.len()])
    }

    #[test]
    fn without_ties_tau_is_the_share_of_agreeing_less_that_of_disagreeing_pairs() {
        assert_eq!(tau(&[1, 2, 3, 4], &[10, 20, 30, 40]), Some(1.0));
        assert_eq!(tau(&[1, 2, 3, 4], &[4, 3, 2, 1]), Some(-1.0));
        // Of ten pairs three are turned: 2 before 1, 5 before 3 and before 4.
        let found = tau(&[1, 2, 3, 4, 5], &[2, 1, 5, 3, 4]).expect("a tau");
        assert!((found - 0.4).abs() < 1e-15, "{found}");
    }

    #[test]
    fn ties_are_taken_from_the_pairs_that_each_side_tells_apart() {
        // The example of scipy.stats.kendalltau: -0.47140452079103173. By hand: of ten pairs one is tied in both and one
        // more in x; of the other eight two agree and six are turned, so (2 - 6) / sqrt(8 * 9).
        let found = tau(&[12, 2, 1, 12, 2], &[1, 4, 7, 1, 0]).expect("a tau");
        assert!(
            (found + 4.0 / 72f64.sqrt()).abs() < 1e-15 && (found + 0.471_404_520_791_031_7).abs() < 1e-15,
            "{found}"
        );
        // x ties one of six pairs; of the other five y turns one: (4 - 1) / sqrt(5 * 6).
        let found = tau(&[1, 1, 2, 3], &[1, 2, 4, 3]).expect("a tau");
        assert!((found - 3.0 / 30f64.sqrt()).abs() < 1e-15, "{found}");
        assert_eq!(tau(&[5, 5, 5], &[1, 2, 3]), None, "what orders nothing has no tau");
        assert_eq!(tau(&[1], &[1]), None);
        assert_eq!(kendall(&[1.0, f64::NAN], &[1, 2], &[1, 1]), None, "what can't be compared is a tie");
    }

    #[test]
    fn a_weight_is_as_many_copies() {
        let (x, y) = ([3, 1, 4, 1, 5], [2, 7, 1, 8, 2]);
        let weight = [2, 0, 1, 3, 1];
        let copied = |v: &[i32]| -> Vec<i32> {
            v.iter().zip(weight).flat_map(|(&v, w)| std::iter::repeat_n(v, w as usize)).collect()
        };
        let (many_x, many_y) = (copied(&x), copied(&y));
        assert_eq!(kendall(&x, &y, &weight), tau(&many_x, &many_y));
        let real = |v: &[i32]| v.iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
        let one = pearson(&real(&x), &real(&y), &weight).expect("a correlation");
        let other = pearson(&real(&many_x), &real(&many_y), &ONCE[..7]).expect("a correlation");
        assert!((one - other).abs() < 1e-12, "{one} {other}");
    }

    #[test]
    fn pearson_is_what_it_is_by_hand() {
        assert_eq!(pearson(&[1.0, 2.0, 4.0], &[-2.0, -4.0, -8.0], &[1, 1, 1]), Some(-1.0));
        // Deviations (-1, 0, 1) and (-1/3, 2/3, -1/3): no correlation.
        assert!(pearson(&[1.0, 2.0, 3.0], &[0.0, 1.0, 0.0], &[1, 1, 1]).expect("one").abs() < 1e-15);
        assert_eq!(pearson(&[2.0, 2.0], &[1.0, 3.0], &[1, 1]), None);
    }
}
