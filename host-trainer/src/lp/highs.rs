//! A program through HiGHS.

use super::LpError;
use super::program::{Optimum, Program};
use highs::{ColProblem, HighsModelStatus, Sense};

pub(super) fn solve(program: &Program) -> Result<Optimum, LpError> {
    let mut problem = ColProblem::new();
    let rows: Vec<_> = program.rows.iter().map(|&(least, most)| problem.add_row(least..=most)).collect();
    let mut of_column = vec![Vec::new(); program.columns.len()];
    let mut entries = program.entries.clone();
    entries.sort_by_key(|&(row, column, _)| (column, row));
    for (row, column, coefficient) in entries {
        let list: &mut Vec<(usize, f64)> = &mut of_column[column];
        match list.last_mut() {
            Some(last) if last.0 == row => last.1 += coefficient,
            _ => list.push((row, coefficient)),
        }
    }
    for (column, list) in program.columns.iter().zip(&of_column) {
        problem.add_column(column.cost, column.least..=column.most, list.iter().map(|&(row, c)| (rows[row], c)));
    }
    let fail = |status| LpError::NotSolved(format!("HiGHS stopped with {status:?}"));
    let mut model = problem.try_optimise(Sense::Minimise).map_err(fail)?;
    model.make_quiet();
    // One thread: results must not depend on how many there are.
    model.set_option("threads", 1);
    let solved = model.try_solve().map_err(fail)?;
    match solved.status() {
        HighsModelStatus::Optimal | HighsModelStatus::ModelEmpty => {}
        HighsModelStatus::Infeasible => return Err(LpError::Infeasible),
        HighsModelStatus::Unbounded | HighsModelStatus::UnboundedOrInfeasible => return Err(LpError::Unbounded),
        status => return Err(LpError::NotSolved(format!("HiGHS stopped with {status:?}"))),
    }
    let solution = solved.get_solution();
    Ok(Optimum {
        cost: solved.objective_value(),
        values: solution.columns().to_vec(),
        prices: solution.dual_rows().to_vec(),
    })
}
