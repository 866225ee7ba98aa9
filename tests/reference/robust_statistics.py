"""Known values for host-trainer/src/statistics: ordinary least squares with robust errors by statsmodels, trimmed mean
and bootstrap by scipy. Prints what the Rust tests hold their results to.

    python3 tests/reference/robust_statistics.py     # numpy 2.4.6, scipy 1.17.1, statsmodels 0.15.0
"""

import numpy as np
from scipy import stats
import statsmodels.api as sm
from statsmodels.stats.multitest import multipletests

# Twelve rows whose spread grows with x, written out so that both sides have the same data.
X = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], dtype=float)
Z = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], dtype=float)
Y = np.array([2.1, 2.9, 5.2, 4.1, 7.9, 9.2, 6.0, 12.4, 8.1, 14.9, 9.7, 19.5])

ols = sm.OLS(Y, sm.add_constant(np.column_stack([X, Z])))
for kind in ["HC1", "HC3"]:
    fit = ols.fit(cov_type=kind)
    print(kind, "params", fit.params.tolist(), "bse", fit.bse.tolist())
print("r squared", ols.fit().rsquared)
print("interquartile mean", stats.trim_mean(Y, 0.25))
for method in ["percentile"]:
    found = stats.bootstrap((Y,), np.mean, n_resamples=200000, method=method, rng=np.random.default_rng(1))
    print(method, found.confidence_interval)
print("holm", multipletests([0.01, 0.04, 0.03, 0.005, 0.8], method="holm")[1].tolist())
