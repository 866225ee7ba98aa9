"""The policy of tests/src/random_network/wish.rs: wishes for anything, by day, node and product."""

from collections import namedtuple

from chance import LONG, SplitMix64

UNLIMITED = 2**31 - 1
NOTHING = -(2**31)

Wish = namedtuple("Wish", "level cap weight route expedite effort")


class Dice(SplitMix64):
    def between(self, low, high):
        return low + self.next() % (high - low + 1)

    def chance(self, percent):
        return self.next() % 100 < percent

    def pick(self, of):
        return of[self.next() % len(of)]


def wish(seed, day, node, product_key):
    place = Dice((seed ^ product_key ^ node << 40) & LONG)
    base = place.between(0, 160)
    d = Dice(place.next() ^ day << 20)
    wild = d.chance(4)
    level = d.pick([UNLIMITED, NOTHING, -7, 0]) if wild else base + d.between(-10, 30)
    kind = d.between(0, 9)
    if kind == 0:
        cap = d.pick([0, -5, NOTHING, 1])
    elif kind <= 3:
        cap = d.between(0, 45)
    else:
        cap = UNLIMITED
    weight = d.pick([0, -3, UNLIMITED, 17]) if wild else d.pick([1, 4, 16])
    route = d.pick([-1, UNLIMITED, 77]) if wild else d.between(0, 3)
    kind = d.between(0, 9)
    if kind == 0:
        expedite = d.pick([UNLIMITED, 0, -40, 1000])
    elif kind <= 3:
        expedite = base // 2 + d.between(-40, 40)
    else:
        expedite = NOTHING
    effort = d.pick([-1, UNLIMITED, NOTHING]) if wild else d.between(0, 3)
    return Wish(level, cap, weight, route, expedite, effort)
