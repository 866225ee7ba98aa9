//! Testing on real demand: a run's network with the days of a sales file in place of drawn demand.
//!
//! A network that was fitted on the days before (`restock init --until`) has then seen none of the days that count. There
//! is one history: its paths differ in lead times, defects and disruptions alone, and an interval over them says nothing
//! of another year.

use crate::evaluate::Protocol;
use crate::failure::Failure;
use crate::image::Image;
use crate::input::calendar::Date;
use crate::input::read_daily;
use crate::problem::Problem;
use std::path::Path;

/// Days of the file before the first that counts, which everybody starts with, at most [days].
const WARMUP_DAYS: u32 = 56;

/// The run's network with the file's days, and the protocol whose days count from `from` to the file's last.
///
/// # Errors
/// If the file has errors, or its days do not fit the run's.
pub fn onto(
    problem: &Problem,
    file: &Path,
    from: &str,
    replicas: u32,
    seed: u64,
) -> Result<(Problem, Protocol), Failure> {
    let scenario = problem.scenario()?;
    let start = Date::parse(&problem.names.first_date)
        .ok_or_else(|| Failure::data(format!("{}: the run has no first date", problem.source)))?;
    let wrong = |found: String, right: &str| Failure::usage(format!("--from {from}: {found}, should be {right}"));
    let first = Date::parse(from).ok_or_else(|| wrong("not a date".to_owned(), "one as 2011-09-01"))?;
    let names = problem.names.nodes.iter().zip(scenario.nodes());
    let selling: Vec<&str> = names.filter(|(_, node)| node.sells).map(|(name, _)| name.as_str()).collect();
    let daily = read_daily(file, &selling, &problem.names.products).map_err(|problems| Failure::input(&problems))?;
    let last = daily.keys().next_back().map_or(start, |key| key.0);
    let day_of = |date: Date| i64::from(date.day) - i64::from(start.day);
    let (counts_from, days) = (day_of(first), day_of(last) + 1);
    if counts_from < 1 || counts_from >= days {
        let right = format!("after {start}, the run's first day, and not after {last}, the file's last");
        return Err(wrong("outside of the days there are".to_owned(), &right));
    }
    if days > i64::from(scenario.horizon_days()) {
        return Err(Failure::data(format!(
            "{}: ends on {last}, day {days}, the run's horizon has {} days: lengthen horizon_days and train again",
            file.display(),
            scenario.horizon_days()
        )));
    }
    let products = scenario.products();
    let rows = usize::try_from(days).unwrap_or(0);
    let mut replay = vec![0i32; rows * selling.len() * products];
    for (&(date, node, product), &quantity) in daily.iter().filter(|(key, _)| day_of(key.0) >= 0) {
        let units = quantity * f64::from(scenario.unit_scale());
        if units > f64::from(1 << 30) || units.fract() != 0.0 {
            let name = &problem.names.products[product];
            return Err(Failure::data(format!(
                "{}: {quantity} of {name} on {date} should be a whole number of the run's units, at most 2^30",
                file.display()
            )));
        }
        let day = usize::try_from(day_of(date)).unwrap_or(0);
        replay[(day * selling.len() + node) * products + product] = units as i32;
    }
    let mut image = Image::new(&problem.image);
    let most = replay.iter().copied().max().unwrap_or(0);
    image.set_replay(rows, replay);
    image.demand_at_least(most);
    let image =
        image.words().map_err(|e| Failure::data(format!("{}: the simulator refuses it: {e}", file.display())))?;
    let counts_from = u32::try_from(counts_from).unwrap_or(0);
    let warmup_days = counts_from.min(WARMUP_DAYS);
    let protocol = Protocol {
        seed,
        replicas,
        first_day: counts_from - warmup_days,
        warmup_days,
        days: u32::try_from(days).unwrap_or(0) - counts_from,
    };
    Ok((Problem { image, ..problem.clone() }, protocol))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Contender, run};
    use std::fmt::Write;

    #[test]
    fn the_days_of_a_file_are_the_demand_of_a_run() {
        let problem = Problem::embedded().expect("embedded");
        let start = Date::parse(&problem.names.first_date).expect("a date");
        let place = tempfile::tempdir().expect("a folder");
        let file = place.path().join("sales.csv");
        let mut text = String::from("date,product,quantity\n");
        for day in 0..70 {
            // Each product once in five days, twice on a day whose rows add up.
            for (i, name) in problem.names.products.iter().enumerate().filter(|(i, _)| (i + day) % 5 == 0) {
                let date = start.plus(i32::try_from(day).expect("few days"));
                writeln!(text, "{date},{name},{}\n{date},{name},1", i % 7).expect("text");
            }
        }
        std::fs::write(&file, &text).expect("written");
        let from = start.plus(60).to_string();
        let (other, protocol) = onto(&problem, &file, &from, 2, 9).expect("fits");
        assert_eq!((protocol.first_day, protocol.warmup_days, protocol.days), (4, 56, 10));
        let wanted: i64 = (60..70)
            .flat_map(|day| (0..problem.names.products.len()).filter(move |i| (i + day) % 5 == 0))
            .map(|i| (i % 7 + 1) as i64)
            .sum();
        let scenario = other.scenario().expect("sound");
        for outcome in run(&scenario, &Contender::Textbook, &protocol, 1) {
            assert_eq!(outcome.kpis.total().demand, wanted * i64::from(scenario.unit_scale()));
        }
        let refused = |from: &str| onto(&problem, &file, from, 2, 9).map(|_| ()).expect_err("refused").message;
        assert!(refused("soon").contains("--from soon: not a date"));
        assert!(refused(&start.plus(70).to_string()).contains("not after"));
        std::fs::write(&file, text.replace(",1\n", ",1.5\n")).expect("written");
        assert!(refused(&from).contains("whole number"));
        std::fs::write(&file, "date,product,quantity\n2023-01-01,nothing,1\n").expect("written");
        assert!(refused(&from).contains("nothing"), "{}", refused(&from));
    }
}
