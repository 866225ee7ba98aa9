"""Writes arima.json: what statsmodels makes of some series, for tests/tests/all/forecast.rs.

    pip install statsmodels==0.15.0 && python3 arima.py > arima.json

Series are simulated (numpy's PCG64, seeds below) and rounded to three decimals, so that the file holds all that
the values come from. SARIMAX gives exact maximum likelihood by a Kalman filter; with d = 1 the likelihood is
that of the differences (simple_differencing), and the forecasts are of the level.
"""

import json
import sys

import numpy as np
import statsmodels
from statsmodels.tsa.statespace.sarimax import SARIMAX

DAYS, AHEAD = 420, 14
CASES = [
    # name, (p, d, q), ar, ma, mean, Fourier terms: (period, cosine, sine)
    ("white noise", (0, 0, 0), [], [], 12.0, []),
    ("ar 1", (1, 0, 0), [0.6], [], 30.0, []),
    ("ma 2", (0, 0, 2), [], [0.5, 0.3], 8.0, []),
    ("arma 2 1", (2, 0, 1), [1.1, -0.5], [0.5], 50.0, []),
    ("ar 3", (3, 0, 0), [0.4, -0.3, 0.2], [], 20.0, []),
    ("ma 3", (0, 0, 3), [], [0.4, 0.2, 0.25], 20.0, []),
    ("smoothing", (0, 1, 1), [], [-0.7], 100.0, []),
    ("arima 1 1 1", (1, 1, 1), [0.5], [-0.8], 60.0, []),
    ("arima 2 1 1", (2, 1, 1), [0.5, -0.5], [-0.8], 80.0, []),
    ("ar 1 with a week", (1, 0, 0), [0.5], [], 40.0, [(7, 6.0, -4.0), (7 / 2, 2.0, 1.0), (7 / 3, -1.0, 0.5)]),
    ("arma 1 1 with a week and a year", (1, 0, 1), [0.7], [-0.3], 40.0,
     [(7, 5.0, 3.0), (7 / 2, 1.0, 2.0), (7 / 3, 1.0, -1.5), (365, 8.0, -5.0), (365 / 2, 2.0, 2.0)]),
    ("smoothing with a week", (0, 1, 1), [], [-0.8], 90.0, [(7, 9.0, 2.0), (7 / 2, 3.0, -1.0), (7 / 3, 1.0, 1.0)]),
]


def waves(days, terms):
    columns = []
    for period, _, _ in terms:
        angle = 2 * np.pi * days / period
        columns += [np.cos(angle), np.sin(angle)]
    return np.column_stack(columns) if columns else None


def simulated(seed, d, ar, ma, mean, terms):
    shocks = np.random.default_rng(seed).normal(size=DAYS + 200)
    n = np.zeros(len(shocks))
    for t in range(3, len(shocks)):
        n[t] = shocks[t] + sum(a * n[t - 1 - i] for i, a in enumerate(ar))
        n[t] += sum(m * shocks[t - 1 - i] for i, m in enumerate(ma))
    n = n[200:]
    level = mean + (np.cumsum(n) if d else n)
    exog = waves(np.arange(DAYS), terms)
    if exog is not None:
        level = level + exog @ np.array([x for _, c, s in terms for x in (c, s)])
    return np.round(level, 3)


def case(number, name, order, ar, ma, mean, terms):
    p, d, q = order
    series = simulated(1000 + number, d, ar, ma, mean, terms)
    exog, ahead = waves(np.arange(DAYS), terms), waves(np.arange(DAYS, DAYS + AHEAD), terms)
    model = SARIMAX(series, exog=exog, order=order, trend=None if d else "c", simple_differencing=bool(d))
    fit = model.fit(disp=0, method="lbfgs", maxiter=1000, pgtol=1e-9, factr=10.0)
    fit = model.fit(fit.params, disp=0, method="bfgs", maxiter=1000, gtol=1e-8)
    values = dict(zip(model.param_names, map(float, fit.params)))
    beta = [values[k] for k in model.param_names if k.startswith("x") or k.startswith("drop")]
    ar_fit = [values[f"ar.L{i + 1}"] for i in range(p)]
    ma_fit = [values[f"ma.L{i + 1}"] for i in range(q)]
    # Forecasts of the level need a model of the level with the same parameters.
    whole = SARIMAX(series, exog=exog, order=order, trend=None if d else "c")
    forecasts = whole.filter(fit.params).forecast(AHEAD, exog=ahead)
    # The intercept is of the autoregression; the mean is that over one less the coefficients.
    long_run = values.get("intercept", 0.0) / (1 - sum(ar_fit)) if not d else None
    return {
        "name": name, "order": list(order), "periods": [t[0] for t in terms], "series": series.tolist(),
        "ar": ar_fit, "ma": ma_fit, "mean": long_run, "regression": beta, "variance": values["sigma2"],
        "log_likelihood": float(fit.llf), "forecasts": [float(x) for x in forecasts],
    }


cases = [case(i, *c) for i, c in enumerate(CASES)]
json.dump({"made_with": f"statsmodels {statsmodels.__version__}, numpy {np.__version__}", "cases": cases}, sys.stdout)
print()
