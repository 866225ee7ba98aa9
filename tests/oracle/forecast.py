"""core/src/forecast.rs: what a node expects, one product at a time.

A day of less than a twentieth of the usual season teaches nothing.
"""

LAG_MAX = (1 << 27) - 1
LEVEL_MAX = (1 << 31) - 1
ONE_Q12 = 4096


def halves(word):
    """Low and high half, each with its sign."""
    low = word & 0xFFFF
    return (low - 0x10000 if low & 0x8000 else low), word >> 16


def cut(lag):
    return max(-LAG_MAX, min(LAG_MAX, lag))


def nearest(value, bits=12):
    """Halves up."""
    return (value + (1 << (bits - 1))) >> bits


class Still:
    """Stays at the mean."""

    def __init__(self, stock):
        self.level = stock.demand_mean

    def learn(self, units, season_q12):
        pass


class Smoothing(Still):
    """level += (demand / season - level) / 2^shift."""

    def __init__(self, stock, shift):
        super().__init__(stock)
        self.shift = shift

    def learn(self, units, season_q12):
        if season_q12 >= 205:
            seen = units * ((1 << 24) // season_q12)
            self.level = min(self.level + nearest(seen - self.level, self.shift), LEVEL_MAX)


class General(Still):
    """Lags, Q(12 - shift)."""

    def __init__(self, stock, shift):
        super().__init__(stock)
        self.shift, self.mean = shift, stock.demand_mean
        pairs = [halves(word) for word in (stock.lag1, stock.lag2, stock.lag3)]
        self.weights, self.gains = zip(*pairs)
        a3, self.intermittent = halves(stock.method)
        self.reach = (*halves(stock.reach), a3)
        self.lags = [0, 0, 0]
        if self.intermittent:
            self.lags = [stock.lag2 << 2, min(((self.mean << 16) // stock.lag2) >> shift, LAG_MAX), 0]

    def learn(self, units, season_q12):
        if season_q12 < 205:
            return
        seen = min(units * ((1 << 24) // season_q12), LEVEL_MAX)
        if self.intermittent:
            self.learn_now_and_then(seen)
            return
        first, second, third = self.lags
        missed = cut((seen >> self.shift) - (self.mean >> self.shift)) - first
        own = [nearest(f * first + g * missed) for f, g in zip(self.weights, self.gains)]
        self.lags = [cut(own[0] + second), cut(own[1] + third), cut(own[2])]
        ahead = nearest(sum(a * lag for a, lag in zip(self.reach, self.lags)))
        if ahead <= -(self.mean >> self.shift):
            self.level = 0
        else:
            self.level = (min(ahead, (LEVEL_MAX - self.mean) >> self.shift) << self.shift) + self.mean

    def learn_now_and_then(self, seen):
        probability, size, _ = self.lags
        certain = 1 << 18 if seen > 0 else 0
        probability += nearest((certain - probability) * self.weights[0])
        if seen > 0:
            size += nearest((min(seen >> self.shift, LAG_MAX) - size) * self.gains[0])
        self.lags = [probability, size, 0]
        self.level = min(probability * size >> 18, LEVEL_MAX >> self.shift) << self.shift


def of_node(row, shift):
    """The forecasts of a node: of products that are all smoothed alike, or all stay at their mean, the level is all."""
    words = {(stock.lag1, stock.lag2, stock.lag3, stock.method) for stock in row}
    if words == {(0, 0, 0, 0)}:
        return [Still(stock) for stock in row]
    for halvings in range(1, 11):
        gain = ONE_Q12 >> halvings
        alike = {(gain << 16 | ONE_Q12, 0, 0, 0)}
        if words == alike and all(stock.reach == ONE_Q12 for stock in row):
            return [Smoothing(stock, halvings) for stock in row]
    return [General(stock, shift) for stock in row]
