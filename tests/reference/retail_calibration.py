#!/usr/bin/env python3
"""What host-trainer/src/input/general_goods.rs takes from real retail data.

    pip install numpy && python3 tests/reference/retail_calibration.py FOLDER > tests/reference/retail_calibration.txt

FOLDER holds demand.csv (date,product,quantity; days without a row sold nothing) and products.csv
(product,description,unit_price), the 200 products with the most days of sales of:
Chen, D. (2015), Online Retail [Dataset], UCI Machine Learning Repository, licence CC BY 4.0:
one year of a UK online wholesaler of general consumer goods, closed on Saturdays.
"""
import csv
import datetime
import sys

import numpy as np

folder = sys.argv[1]
rows = list(csv.DictReader(open(f"{folder}/demand.csv")))
price = {r["product"]: float(r["unit_price"]) for r in csv.DictReader(open(f"{folder}/products.csv"))}
products = sorted(price)
first = datetime.date.fromisoformat(min(r["date"] for r in rows))
last = datetime.date.fromisoformat(max(r["date"] for r in rows))
days = (last - first).days + 1
sales = np.zeros((len(products), days))
at = {p: i for i, p in enumerate(products)}
for r in rows:
    sales[at[r["product"]], (datetime.date.fromisoformat(r["date"]) - first).days] += float(r["quantity"])
dates = [first + datetime.timedelta(d) for d in range(days)]
weekday = np.array([d.weekday() for d in dates])
month = np.array([d.month - 1 for d in dates])

# A wholesaler's one-off orders are cut, as `restock init` does: at the 99.9 % quantile in units of each mean.
scale = sales.mean(axis=1, keepdims=True)
cap = np.quantile((sales / scale)[:, weekday != 5], 0.999)
x = np.minimum(sales, cap * scale)
mean = x.mean(axis=1, keepdims=True)
index = (x / mean).mean(axis=0)  # pooled, products counting alike
# Days on which nobody sold at all (holidays) are closed, not slack.
shut = x.sum(axis=0) == 0
opened = ~shut & (weekday != 5)
print(f"days {days} from {first}, products {len(products)}, days shut {shut.sum()} (Saturdays {(shut & (weekday == 5)).sum()})")
print(f"sales cut at {cap:.1f} means: {1 - x.sum() / sales.sum():.3f} of units")

weekly = np.array([index[weekday == w].mean() for w in range(7)])
weekly *= 7 / weekly.sum()
print("weekly, Monday first:", np.round(weekly, 3))
w = weekly[weekday]
y = np.where(w > 0.05, (x / mean) / np.maximum(w, 0.05), np.nan)  # without the week


def months_of(rows):
    m = np.array([np.nanmean(rows[:, opened & (month == k)]) for k in range(12)])
    return m / m.mean()


print("annual by month, all:", np.round(months_of(y), 2))
# Three kinds by where a product sells beyond its share: October to December, May to August, neither.
each = np.array([[np.nanmean(r[opened & (month == k)]) for k in range(12)] for r in y])
each /= each.mean(axis=1, keepdims=True)
late, summer = each[:, 9:].mean(axis=1), each[:, 4:8].mean(axis=1)
kind = np.where(late > 1.35, 0, np.where(summer > 1.15, 1, 2))
for k, name in enumerate(["holiday", "summer", "retail"]):
    print(f"{name}: share {np.mean(kind == k):.3f}, months {np.round(months_of(y[kind == k]), 2)}")

daily = mean[:, 0]
logs = np.log(daily)
p = np.array([price[q] for q in products])
print(f"mean units a day: median {np.median(daily):.2f}, sd of log {logs.std():.2f}, {daily.min():.2f} to {daily.max():.1f}")
print(f"unit price: median {np.median(p):.2f}, sd of log {np.log(p).std():.2f}, {p.min():.2f} to {p.max():.2f}")
print(f"correlation of log price and log units {np.corrcoef(np.log(p), logs)[0, 1]:.2f}")

# What is left without week and year, in units of each product's mean.
annual = np.array([months_of(y[kind == k]) for k in range(3)])
z = (y / annual[kind][:, month])[:, opened]
z /= np.nanmean(z, axis=1, keepdims=True)
cv = z.std(axis=1)
zero = (x[:, opened] == 0).mean(axis=1)
interval = 1 / (1 - zero)
# Syntetos, Boylan and Croston 2005: intermittent where the mean interval between demands passes 1.32 days.
intermittent = interval > 1.32
print(f"cv of a day: quartiles {np.round(np.quantile(cv, [0.25, 0.5, 0.75]), 2)}; of sales on days that sold:", end=" ")
size_cv2 = np.array([(r[r > 0].std() / r[r > 0].mean()) ** 2 for r in z])
print(np.round(np.sqrt(np.quantile(size_cv2, [0.25, 0.5, 0.75])), 2))
print(f"days without sales: quartiles {np.round(np.quantile(zero, [0.25, 0.5, 0.75]), 2)}")
print(f"intermittent (interval > 1.32): {intermittent.mean():.3f}; intermittent and size cv^2 > 0.49: {(intermittent & (size_cv2 > 0.49)).mean():.3f}")
for name, some in [("fast third", daily > np.quantile(daily, 2 / 3)), ("slow third", daily < np.quantile(daily, 1 / 3))]:
    print(f"{name}: cv {np.median(cv[some]):.2f}, days without sales {np.median(zero[some]):.2f}, units a day {np.median(daily[some]):.1f}")

# A shock shared by products: mean covariance of pairs is its variance (products in units of their means).
c = np.cov(z)
r = np.corrcoef(z)
off = ~np.eye(len(products), dtype=bool)
same = kind[:, None] == kind[None, :]
print(f"pairs: mean correlation {r[off].mean():.3f}, mean covariance {c[off].mean():.4f} (shock sd {np.sqrt(c[off].mean()):.3f})")
print(f"pairs of one kind: correlation {r[off & same].mean():.3f}, covariance {c[off & same].mean():.4f}; of two: {r[~same].mean():.3f}, {c[~same].mean():.4f}")
words = [next(q for q in csv.DictReader(open(f"{folder}/products.csv")) if q["product"] == s)["description"].split() for s in products]
family = np.array([[i != j and len(set(a) & set(b)) >= 2 for j, b in enumerate(words)] for i, a in enumerate(words)])
print(f"pairs whose descriptions share two words ({family.sum() // 2}): correlation {r[family].mean():.3f}, covariance {c[family].mean():.4f}")
pooled = z.mean(axis=0)
print(f"pooled day without week and year: sd {pooled.std():.3f}, autocorrelation of one day {np.corrcoef(pooled[1:], pooled[:-1])[0, 1]:.2f}")
# Campaigns leave days on which many products sell three times their usual: bursts by product.
burst = (z > 3).mean()
print(f"days above three means: {burst:.3f} of product-days")
half = len(pooled) // 2
print(f"second half-year over first, without the year: {pooled[half:].mean() / pooled[:half].mean():.3f} (one year shows no trend)")
