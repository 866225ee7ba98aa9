//! A sparse linear program that no solver owns: minimise `cost x` where rows and columns stay within their bounds.

use super::LpError;

/// Which solver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Solver {
    /// Interior point, in Rust: always there.
    Clarabel,
    /// HiGHS: there in a build with `--features highs`.
    Highs,
}

impl Solver {
    /// HiGHS where it is built in, else clarabel.
    #[must_use]
    pub fn best() -> Self {
        if cfg!(feature = "highs") { Self::Highs } else { Self::Clarabel }
    }
}

/// A column: least and greatest value, and what a unit of it costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) least: f64,
    pub(super) most: f64,
    pub(super) cost: f64,
}

/// A linear program. Bounds may be infinite.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub(super) columns: Vec<Column>,
    /// Least and greatest value.
    pub(super) rows: Vec<(f64, f64)>,
    /// Row, column, coefficient; what stands twice is added.
    pub(super) entries: Vec<(usize, usize, f64)>,
}

/// An optimum.
#[derive(Clone, Debug)]
pub struct Optimum {
    /// Its cost.
    pub cost: f64,
    /// A value for each column.
    pub values: Vec<f64>,
    /// What the cost grows by with a unit more in each row's bound.
    pub prices: Vec<f64>,
}

impl Program {
    /// Adds a column; returns its index.
    pub fn column(&mut self, least: f64, most: f64, cost: f64) -> usize {
        self.columns.push(Column { least, most, cost });
        self.columns.len() - 1
    }

    /// Adds a row; returns its index.
    pub fn row(&mut self, least: f64, most: f64) -> usize {
        self.rows.push((least, most));
        self.rows.len() - 1
    }

    /// Adds `coefficient * column` to a row.
    pub fn enter(&mut self, row: usize, column: usize, coefficient: f64) {
        self.entries.push((row, column, coefficient));
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The least cost.
    ///
    /// # Errors
    /// If there is no such thing, the solver gives up, or it is not built in.
    pub fn solve(&self, solver: Solver) -> Result<Optimum, LpError> {
        if let Some(&(row, column, _)) =
            self.entries.iter().find(|&&(row, column, _)| row >= self.rows() || column >= self.columns())
        {
            return Err(LpError::NotSolved(format!("an entry at row {row}, column {column} lies outside the program")));
        }
        match solver {
            Solver::Clarabel => super::clarabel::solve(self),
            #[cfg(feature = "highs")]
            Solver::Highs => super::highs::solve(self),
            #[cfg(not(feature = "highs"))]
            Solver::Highs => Err(LpError::SolverMissing),
        }
    }
}
