"""The morning of the chain: events and chance, suppliers that move, receipts, room in storage."""

from collections import defaultdict

import chance
import rules

ONE_Q12 = 4096
# The order of what is due on one day.
EVENT, ARRIVAL, FINISHED, MAIL = range(4)
# The worst grade, in units of one grade; the most that factors multiply to, Q12; all of a share, Q15.
WORST = 7
FACTOR_MOST_Q12 = 256 * ONE_Q12
ALL_Q15 = 1 << 15


class Morning:
    """What a Chain does before its customers come."""

    def value(self, kind, place):
        """What holds today, Q12: the last event, then the disruptions in force, in their order."""
        value = self.dated.get((kind, place), 0 if kind == "grade" else ONE_Q12)
        for disruption, in_force in zip(self.problem.disruptions, self.in_force):
            if in_force and (disruption.kind, disruption.place) == (kind, place):
                if kind == "grade":
                    value = min(value + disruption.value, WORST * ONE_Q12)
                else:
                    value = min(value * disruption.value // ONE_Q12, FACTOR_MOST_Q12)
        return value

    def turn_after(self, number, day):
        """A disruption begins, or is over, days of chance after a day; what lies before the first has happened."""
        disruption = self.problem.disruptions[number]
        table = disruption.duration if self.in_force[number] else disruption.gap
        u, _ = self.draws.two(day, number, chance.DISRUPTION, 0)
        due = day + rules.quantile(self.problem.tables[table], u)
        if due < self.day:
            self.in_force[number] = not self.in_force[number]
            self.turn_after(number, due)
        else:
            self.push(due, EVENT, number)

    def happen(self, what):
        if not isinstance(what, int):
            self.dated[what.kind, what.place] = what.value
            return
        self.in_force[what] = not self.in_force[what]
        self.turn_after(what, self.day)

    def negotiate(self):
        """Effort is paid for on each lane with grades, and suppliers move."""
        for l, lane in enumerate(self.problem.lanes):
            if lane.grades is None:
                continue
            worse = self.value("grade", l) << 4
            for i in self.products:
                effort = self.effort[lane.customer, i]
                self.charge(lane.customer, i, "negotiation", effort * self.stock(lane.customer, i).negotiation_cost)
                tends = (lane.grades.base_q8 << 8) + worse - (lane.grades.lift_q8[effort] << 8)
                tends = min(max(tends, 0), WORST << 16)
                self.grade[l, i] += (tends - self.grade[l, i]) >> lane.grades.shift

    def stock(self, n, i):
        return self.problem.stock[n][i]

    def nearest_grade(self, l, i):
        return (self.grade[l, i] + (1 << 15)) >> 16

    def receive(self, arrived):
        """What arrives over a lane on a day is one receipt, late if any of it is."""
        receipts = defaultdict(lambda: (0, False))
        for l, i, units, late in arrived:
            so_far, any_late = receipts[l, i]
            receipts[l, i] = (so_far + units, any_late or late)
            self.transit[l, i] -= units
            self.coming[l, i].remove((self.day, units))
        for (l, i), (units, late) in receipts.items():
            n = self.problem.lanes[l].customer
            self.today[n]["received"] += units
            good = self.inspect(l, i, units, late)
            node = self.problem.nodes[n]
            if node.produces and all(line.component != i for line in node.lines):
                self.input[n, i] += good
            else:
                self.put(n, i, good)

    def inspect(self, l, i, units, late):
        lane, bad = self.problem.lanes[l], 0
        if lane.grades is None:
            return units
        table = lane.grades.defects[self.nearest_grade(l, i)]
        if table >= 0:
            u, dither = self.draws.two(self.day, l, chance.DEFECT, self.problem.products[i].key)
            bad = rules.part_of(units, rules.quantile(self.problem.tables[table], u), dither)
        self.scrap(lane.customer, i, bad)
        self.on_time[l, i] = rules.scored(self.on_time[l, i], 0 if late else ALL_Q15)
        self.accepted[l, i] = rules.scored(self.accepted[l, i], (units - bad) * ALL_Q15 // units)
        return units - bad

    def scrap(self, n, i, units):
        self.today[n]["scrapped"] += units
        self.charge(n, i, "scrap", units * self.stock(n, i).scrap_cost)

    def put(self, n, i, units):
        """On the shelf, or before the door where room is limited."""
        (self.on_hand if self.problem.nodes[n].storage is None else self.yard)[n, i] += units

    def finish(self, what):
        n, i, units, _ = what
        self.making[n, i] -= units
        bad, spoilt = 0, 65_536 - self.stock(n, i).good
        if spoilt > 0:
            _, dither = self.draws.two(self.day, n, chance.YIELD, self.problem.products[i].key)
            bad = rules.part_of(units, spoilt, dither)
        self.scrap(n, i, bad)
        self.put(n, i, units - bad)
        self.today[n]["produced"] += units - bad

    def enter(self, n):
        """What is owed goes in whatever the room; the rest shares what room there is."""
        storage = self.problem.nodes[n].storage
        if storage is None:
            return
        volumes = [product.volume for product in self.problem.products]
        room = max(0, storage - sum(self.on_hand[n, i] * volumes[i] for i in self.products))
        owed = [min(max(-self.level(n, i), 0), self.yard[n, i]) for i in self.products]
        for i in self.products:
            self.yard[n, i] -= owed[i]
            self.on_hand[n, i] += owed[i]
        wants = [self.yard[n, i] for i in self.products]
        grants, _ = rules.share_capacity(room, wants, volumes, [self.weight(n, i) for i in self.products])
        for i in self.products:
            self.yard[n, i] -= grants[i]
            self.on_hand[n, i] += grants[i]

    def shock(self, n, i):
        """What befalls all demand of a product's group at a node today, Q12."""
        group = self.problem.products[i].group
        if group is None:
            return ONE_Q12
        u, _ = self.draws.two(self.day, n, chance.SHOCK, group + 1)
        return rules.quantile(self.problem.shocks, u)
