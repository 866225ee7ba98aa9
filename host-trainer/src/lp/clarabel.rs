//! A program through clarabel: `A x + s = b`, with `s` zero for what is fixed and not negative for what is bounded.

use super::LpError;
use super::program::{Optimum, Program};
use clarabel::algebra::CscMatrix;
use clarabel::solver::{
    DefaultSettingsBuilder, DefaultSolver, IPSolver, SolverStatus,
    SupportedConeT::{NonnegativeConeT, ZeroConeT},
};

/// One line of `A`: the row or column that it bounds, from above (1) or below (-1).
#[derive(Clone, Copy)]
enum Line {
    Row(usize, f64),
    Column(usize, f64),
}

pub(super) fn solve(program: &Program) -> Result<Optimum, LpError> {
    let (lines, limits, fixed) = lines(program);
    let matrix = matrix(program, &lines);
    let costs: Vec<f64> = program.columns.iter().map(|column| column.cost).collect();
    let none = CscMatrix::zeros((costs.len(), costs.len()));
    let cones = [ZeroConeT(fixed), NonnegativeConeT(lines.len() - fixed)];
    let settings = DefaultSettingsBuilder::default()
        .verbose(false)
        .presolve_enable(false)
        .build()
        .map_err(|e| LpError::NotSolved(e.to_string()))?;
    let mut solver = DefaultSolver::new(&none, &costs, &matrix, &limits, &cones, settings)
        .map_err(|e| LpError::NotSolved(e.to_string()))?;
    solver.solve();
    let found = &solver.solution;
    match found.status {
        SolverStatus::Solved | SolverStatus::AlmostSolved => {}
        SolverStatus::PrimalInfeasible | SolverStatus::AlmostPrimalInfeasible => return Err(LpError::Infeasible),
        SolverStatus::DualInfeasible | SolverStatus::AlmostDualInfeasible => return Err(LpError::Unbounded),
        status => return Err(LpError::NotSolved(format!("clarabel stopped with {status:?}"))),
    }
    let mut prices = vec![0.0; program.rows.len()];
    for (line, dual) in lines.iter().zip(&found.z) {
        if let Line::Row(row, sign) = line {
            prices[*row] -= sign * dual;
        }
    }
    Ok(Optimum { cost: found.obj_val, values: found.x.clone(), prices })
}

/// The lines, their right-hand sides, and how many of them come first that are fixed.
fn lines(program: &Program) -> (Vec<Line>, Vec<f64>, usize) {
    let (mut fixed, mut bounded) = (Vec::new(), Vec::new());
    let mut add = |line: fn(usize, f64) -> Line, i: usize, least: f64, most: f64| {
        if least == most {
            fixed.push((line(i, 1.0), most));
            return;
        }
        if most.is_finite() {
            bounded.push((line(i, 1.0), most));
        }
        if least.is_finite() {
            bounded.push((line(i, -1.0), -least));
        }
    };
    for (i, &(least, most)) in program.rows.iter().enumerate() {
        add(Line::Row, i, least, most);
    }
    for (i, column) in program.columns.iter().enumerate() {
        add(Line::Column, i, column.least, column.most);
    }
    let count = fixed.len();
    let (lines, limits) = fixed.into_iter().chain(bounded).unzip();
    (lines, limits, count)
}

fn matrix(program: &Program, lines: &[Line]) -> CscMatrix<f64> {
    let mut of_row: Vec<Vec<(usize, f64)>> = vec![Vec::new(); program.rows.len()];
    let (mut at, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (i, line) in lines.iter().enumerate() {
        match *line {
            Line::Row(row, sign) => of_row[row].push((i, sign)),
            Line::Column(column, sign) => {
                at.push(i);
                columns.push(column);
                values.push(sign);
            }
        }
    }
    for &(row, column, coefficient) in &program.entries {
        for &(i, sign) in &of_row[row] {
            at.push(i);
            columns.push(column);
            values.push(sign * coefficient);
        }
    }
    CscMatrix::new_from_triplets(lines.len(), program.columns.len(), at, columns, values)
}
