//! The default network against the figures that it was made from (`tests/reference/retail_calibration.txt`).

use super::super::number::{from_count, from_wide};
use super::*;
use restock_core::layout::Column;

const FIGURES: &str = include_str!("../../../tests/reference/retail_calibration.txt");

#[test]
fn the_constants_are_those_of_the_calibration() {
    for figure in [
        "mean units a day: median 16.31, sd of log 0.78, 2.10 to 152.2",
        "unit price: median 1.95, sd of log 0.83, 0.29 to 12.75",
        "correlation of log price and log units -0.54",
        "weekly, Monday first: [1.141 1.403 1.253 1.548 1.065 0.    0.59 ]",
        "share two words (591): correlation 0.194, covariance 0.5462",
        "intermittent (interval > 1.32): 0.280",
        "fast third: cv 1.42",
        "slow third: cv 1.74",
        "holiday: share 0.225, months [0.77 0.71 0.74 0.69 0.77 0.65 0.67 0.89 1.2  1.48 1.96 1.47]",
        "summer: share 0.160, months [0.76 0.71 1.   0.96 1.43 1.33 1.44 1.08 1.04 0.7  0.86 0.69]",
        "retail: share 0.615, months [1.04 0.93 1.12 0.94 0.98 0.98 0.84 0.9  1.19 0.95 1.12 1.03]",
    ] {
        assert!(FIGURES.contains(figure), "{figure}");
    }
    assert!((SHOCK_DEVIATION * SHOCK_DEVIATION - 0.546).abs() < 0.01);
}

#[test]
fn the_goods_drawn_have_the_figures_measured() {
    let goods: Vec<Good> = (1..=PRODUCTS).map(good).collect();
    let count = from_count(goods.len());
    let mean_of = |of: &dyn Fn(&Good) -> f64| goods.iter().map(of).sum::<f64>() / count;
    let (units, price) = (mean_of(&|g| g.mean.ln()), mean_of(&|g| g.price.ln()));
    let spread = |of: &dyn Fn(&Good) -> f64, mean: f64| mean_of(&|g| (of(g) - mean).powi(2)).sqrt();
    let (units_sd, price_sd) = (spread(&|g| g.mean.ln(), units), spread(&|g| g.price.ln(), price));
    let both = mean_of(&|g| (g.mean.ln() - units) * (g.price.ln() - price)) / (units_sd * price_sd);
    let share = |is: &dyn Fn(&Good) -> bool| from_count(goods.iter().filter(|g| is(g)).count()) / count;
    let intermittent = share(&|g| g.intermittent);
    println!(
        "units {:.2} sd {units_sd:.2}, price {:.2} sd {price_sd:.2}, correlation {both:.2}, intermittent {intermittent:.2}",
        units.exp(),
        price.exp()
    );
    // Within what 200 draws allow: two standard errors or a little more.
    assert!((units - MEAN_MEDIAN.ln()).abs() < 0.15 && (units_sd - MEAN_SIGMA).abs() < 0.1);
    assert!((price - PRICE_MEDIAN.ln()).abs() < 0.15 && (price_sd - PRICE_SIGMA).abs() < 0.1);
    assert!((both - PRICE_CORRELATION).abs() < 0.12, "{both}");
    assert!((intermittent - 0.28).abs() < 0.08, "{intermittent}");
    for (kind, expected, ..) in KINDS {
        let found = share(&|g| g.name.starts_with(kind));
        assert!((found - expected).abs() < 0.08, "{kind} {found}");
    }
}

#[test]
fn the_peak_of_the_year_is_short_of_capacity_and_the_mean_is_not() {
    let spec = default_network();
    let capacity = f64::from(spec.nodes[1].capacity.unwrap());
    let mut by_day = vec![0.0; 728];
    for p in 0..spec.products.len() {
        let mean = f64::from(spec.value(Column::DemandMean, 0, p)) / 4096.0;
        let work = f64::from(spec.value(Column::Work, 1, p));
        let profile = usize::try_from(spec.value(Column::DemandProfile, 1, p)).unwrap();
        by_day
            .iter_mut()
            .zip(&spec.profiles[profile].row)
            .for_each(|(sum, f)| *sum += mean * work * f64::from(*f) / 4096.0);
    }
    let mean = by_day.iter().sum::<f64>() / 728.0;
    let short = by_day.iter().filter(|work| **work > capacity).count();
    let peak = by_day.iter().fold(0.0, |a: f64, &b| a.max(b));
    println!("capacity {capacity}, mean work {mean:.0}, peak {peak:.0}, days above capacity {short} of 728");
    assert!(mean < 0.95 * capacity && peak > 1.05 * capacity);
    assert!((30..250).contains(&short), "{short}");
}

#[test]
fn every_product_has_a_group_and_its_shock() {
    let spec = default_network();
    assert!(spec.products.iter().all(|p| p.group.is_some_and(|g| g < spec.groups.len())));
    let size = from_count(spec.products.len()) / from_count(spec.groups.len());
    assert!((5.0..10.0).contains(&size), "{size} products a group");
    let shock = spec.group_shock().unwrap();
    assert!((shock.mean / 4096.0 - 1.0).abs() < 1e-3);
    // Season and shock together make the variation that was measured, for a fast product.
    let g = (1..=PRODUCTS).map(good).find(|g| g.mean >= SPEED_CLASSES[0].0 && !g.intermittent).unwrap();
    let all = ((1.0 + g.cv * g.cv) * (1.0 + shock.variance / (4096.0 * 4096.0)) - 1.0).sqrt();
    assert!((all - 1.42).abs() < 0.03, "{all}");
    assert!(from_wide(g.work) >= 1.0);
}
