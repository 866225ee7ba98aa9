#!/usr/bin/env python3
"""Values of the Pearson type IV distribution at 45 digits, for host-trainer/src/input/pearson4/tests.rs.

    pip install mpmath && python3 tests/reference/pearson4.py > tests/reference/pearson4.csv

Independent of the Rust code: the constant comes from mpmath's complex gamma function, the CDF from
quadrature over x itself (no angle), and is held against the hypergeometric form of Heinrich 2004
(CDF/MEMO/STATISTICS/PUBLIC/6820, eq. 18) wherever that converges.
"""
import mpmath as mp

mp.mp.dps = 45

# (m, nu, a, lambda): symmetric, mild, strong, heavy, nearly normal, nearly type V, no mean, no variance.
CASES = [
    ("2.5", "0", "1", "0"),
    ("3", "1", "1", "0"),
    ("4.75", "-6.5", "1.25", "3.5"),
    ("10", "-30", "2", "-1"),
    ("0.75", "0.5", "1", "2"),
    ("0.6", "-3", "0.5", "0"),
    ("1", "2", "3", "1"),
    ("1.4", "-1", "1", "5"),
    ("60", "25", "10", "4"),
    ("800", "-350", "90", "12"),
    ("5", "-400", "0.01", "1"),
    ("26.5", "-120", "0.3", "0.01"),
]
# Where to look: distances from the mode in units of the curve's width there; the x are rounded to short
# decimals, so that both sides read the same number.
DISTANCES = [-60, -12, -4, -1.5, -0.25, 0, 1, 3, 8, 40]


def constant(m, nu, a):
    return (
        mp.gamma(m) / (a * mp.sqrt(mp.pi) * mp.gamma(m - mp.mpf(1) / 2)) * abs(mp.gamma(m + nu * 1j / 2) / mp.gamma(m)) ** 2
    )


def density(x, m, nu, a, lam, k):
    z = (x - lam) / a
    return k * (1 + z * z) ** (-m) * mp.exp(-nu * mp.atan(z))


def cdf(x, m, nu, a, lam, k, mode, width):
    """Quadrature over x, in pieces that double outwards from the mode."""

    def tail(start, sign):
        # s = start + sign * (exp(v) - 1) * length: an algebraic tail becomes an exponential one. The length
        # is that over which the density falls there, or the peak's width near the peak.
        z = (start - lam) / a
        slope = abs(2 * m * z + nu) / (a * (1 + z * z))
        length = min(width, 1 / slope) if slope > 0 else width
        f = lambda v: density(start + sign * mp.expm1(v) * length, m, nu, a, lam, k) * length * mp.exp(v)
        reach = mp.mpf(mp.mp.dps) * mp.log(10) / (2 * m - 1) + 5
        return mp.quad(f, mp.linspace(0, reach, int(reach / 6) + 8))

    if x <= mode:
        return tail(x, -1)
    return 1 - tail(x, 1)


def hypergeometric(x, m, nu, a, lam, k):
    """Heinrich 2004, eq. 18: exact for z < -sqrt(3)."""
    z = (x - lam) / a
    f = mp.hyp2f1(1, m + nu * 1j / 2, 2 * m, 2 / (1 - 1j * z))
    value = k * a / (2 * m - 1) * (1 + z * z) ** (-m) * mp.exp(-nu * mp.atan(z)) * (1j - z) * f
    return value.real


def main():
    print("# Pearson type IV at 45 digits (mpmath); made by tests/reference/pearson4.py, not to be edited.")
    print("m,nu,a,lambda,x,density,cdf,survival")
    compared = 0
    for case in CASES:
        m, nu, a, lam = (mp.mpf(v) for v in case)
        k = constant(m, nu, a)
        mode = lam - a * nu / (2 * m)
        width = a * mp.sqrt((1 + (nu / (2 * m)) ** 2) / (2 * m))
        for distance in DISTANCES:
            text = mp.nstr(mode + width * distance, 8)
            x = mp.mpf(text)
            below = cdf(x, m, nu, a, lam, k, mode, width)
            # The upper tail on its own: that of the mirrored distribution.
            above = cdf(-x, m, -nu, a, -lam, k, -mode, width)
            assert abs(below + above - 1) < mp.mpf(10) ** -30, (case, text, below + above - 1)
            if (x - lam) / a < -mp.sqrt(3) - 1:
                other = hypergeometric(x, m, nu, a, lam, k)
                assert abs(other - below) < mp.mpf(10) ** -20 * below or abs(other - below) < mp.mpf(10) ** -40, (case, text, other, below)
                compared += 1
            values = [mp.nstr(v, 25) for v in (density(x, m, nu, a, lam, k), below, above)]
            print(",".join([*case, text, *values]))
    assert compared > 5, compared


main()
