"""A chain as a queue of dated things: arrivals, finished production, mail and events.

Written from the documentation of core/src/network.rs and the files it names. Units are counted where
they are, orders and shipments are things of their own, and what the simulator stores (the signed
inventory level, the position) is only derived.
"""

import heapq
from collections import defaultdict

import chance
import forecast
import rules
from morning import ARRIVAL, EVENT, FINISHED, MAIL, ONE_Q12, Morning
from wishes import NOTHING, wish

# Days of arrival by which a first-come node tells orders apart.
FIRST_COME_DAYS = 32
TALLIES = (
    "demand served lost faced ordered received scrapped produced shipped_to sold_value stock_value transit_value"
    " work_used work_capacity"
).split()
LEDGER = "holding backorder lost_sale ordering freight production negotiation scrap overflow".split()


class Order:
    """What a supplier still owes of one order."""

    def __init__(self, lane, product, units, seen):
        self.lane = lane
        self.product = product
        self.units = units
        self.seen = seen


class Chain(Morning):
    """All that changes from day to day."""

    def __init__(self, problem, seed, replica, first_day, wishes):
        self.problem = problem
        self.draws = chance.Draws(seed, replica)
        self.wishes = wishes
        self.day = first_day
        self.queue = []
        self.pushed = 0
        self.dated = {}  # what the last event has set, by (kind, place)
        self.in_force = [False for _ in problem.disruptions]
        self.wished = {}
        # By (node, product).
        self.on_hand = defaultdict(int)
        self.owed = defaultdict(int)
        self.input = defaultdict(int)
        self.asked = defaultdict(int)  # of assembled products: orders that production has not started
        self.yard = defaultdict(int)
        self.effort = defaultdict(int)
        self.dependent = defaultdict(int)
        self.making = defaultdict(int)
        self.forecast = {}
        # By (lane, product).
        self.orders = defaultdict(list)
        self.mail = defaultdict(int)
        self.dock = defaultdict(int)
        self.transit = defaultdict(int)
        self.rush = defaultdict(int)
        self.coming = defaultdict(list)
        self.grade, self.on_time, self.accepted = {}, {}, {}
        for l, lane in enumerate(problem.lanes):
            if lane.grades is not None:
                for i in range(len(problem.products)):
                    self.grade[l, i] = lane.grades.base_q8 << 8
                    self.on_time[l, i] = lane.grades.on_time
                    self.accepted[l, i] = lane.grades.accepted
        for number in range(len(problem.disruptions)):
            self.turn_after(number, 0)
        for n, row in enumerate(problem.stock):
            for i, stock in enumerate(row):
                self.on_hand[n, i] = stock.initial
            for i, one in enumerate(forecast.of_node(row, problem.forecast_shift)):
                self.forecast[n, i] = one
        for event in problem.events:
            self.push(event.day, EVENT, event)
        for order in problem.open_orders:
            self.open(order, first_day)

    def push(self, day, step, what):
        self.pushed += 1  # of one day and step, what was pushed first comes first
        heapq.heappush(self.queue, (day, step, self.pushed, what))

    def open(self, order, first_day):
        """What is already ordered on the morning of the first day."""
        l, i, due = order.lane, order.product, first_day + order.days
        if order.stage == "in transit":
            self.transit[l, i] += order.units
            self.coming[l, i].append((due, order.units))
            self.push(due, ARRIVAL, (l, i, order.units, False))
        elif order.stage == "in the mail":
            self.mail[l, i] += order.units
            self.push(due, MAIL, Order(l, i, order.units, due))
        else:
            self.orders[l, i].append(Order(l, i, order.units, first_day - 1))

    # What can be derived.

    def waiting(self, l, i):
        """Seen by the supplier and not allocated."""
        return sum(order.units for order in self.orders[l, i])

    def needed(self, n, i):
        """Units of a component that orders of what it goes into wait for."""
        lines = [line for line in self.problem.nodes[n].lines if line.component == i]
        return sum(line.quantity * self.asked[n, line.product] for line in lines)

    def level(self, n, i):
        lanes = sum(self.waiting(l, i) for l in self.problem.nodes[n].outbound)
        return self.on_hand[n, i] - self.owed[n, i] - lanes - self.needed(n, i)

    def inside(self, n, i):
        """At the node, or asked of its production, and not stocked."""
        return self.input[n, i] + self.asked[n, i] + self.making[n, i] + self.yard[n, i]

    def weight(self, n, i):
        return min(max(self.wished[n, i].weight, 1), 16) if (n, i) in self.wished else 4

    def ahead(self, step, places, days, late=False):
        """What is to come of one kind, for each (place, product) on each of so many days from tomorrow on."""
        found = {place: [0] * days for place in places}
        for day, of, _, what in self.queue:
            if of == step and day < self.day + days:
                *at, units, is_late = (what.lane, what.product, what.units, False) if step == MAIL else what
                found[tuple(at)][day - self.day] += is_late if late else units
        return [number for row in found.values() for number in row]

    def position(self, n, i):
        on_order = sum(
            self.mail[l, i] + self.waiting(l, i) + self.dock[l, i] + self.transit[l, i]
            for l in self.problem.nodes[n].inbound
        )
        return self.level(n, i) + on_order + self.inside(n, i)

    def expedited_position(self, n, i):
        """What will be there by the day on which an order over the fast route would arrive."""
        node = self.problem.nodes[n]
        until = self.day + self.problem.lanes[node.express].fast_days
        soon = sum(units for l in node.inbound for due, units in self.coming[l, i] if self.day < due <= until)
        return self.level(n, i) + self.inside(n, i) + soon + self.rush[node.express, i]

    # A day.

    def advance(self):
        """One day, in the order of the contract's table."""
        nodes, lanes = range(len(self.problem.nodes)), range(len(self.problem.lanes))
        self.products = range(len(self.problem.products))
        self.today = [dict.fromkeys(TALLIES, 0) for _ in nodes]
        self.ledger = [dict.fromkeys(LEDGER, 0) for _ in nodes]
        self.cost = defaultdict(int)
        self.faced = defaultdict(int)
        self.ordered = defaultdict(int)
        for what in self.due(EVENT):
            self.happen(what)
        self.negotiate()
        self.receive(self.due(ARRIVAL))
        for what in self.due(FINISHED):
            self.finish(what)
        for n in nodes:
            self.enter(n)
        for at, units in self.dependent.items():
            self.faced[at] += units
            self.today[at[0]]["faced"] -= units  # from nobody outside
        self.dependent.clear()
        for order in self.due(MAIL):
            self.deliver(order)
        for n in nodes:
            if self.problem.nodes[n].sells:
                for i in self.products:
                    self.serve_customers(n, i)
        for n in nodes:
            self.decide(n)
        for n in nodes:
            self.produce(n)
        for n in nodes:
            if self.value("shipping", n) != 0:
                for i in self.products:
                    self.allocate(n, i)
        for l in lanes:
            supplier = self.problem.lanes[l].supplier
            if supplier is None and self.value("outside", l) != 0:
                for i in self.products:
                    self.settle(l, i, self.waiting(l, i))
            if (self.value("outside", l) if supplier is None else self.value("shipping", supplier)) != 0:
                self.transport(l)
        for n in nodes:
            for i in self.products:
                self.account(n, i)
        self.day += 1

    def charge(self, n, i, term, amount):
        self.ledger[n][term] += amount
        self.cost[n, i] += amount

    def due(self, step):
        """What is due today, up to a step."""
        found = []
        while self.queue and self.queue[0][0] <= self.day and self.queue[0][1] <= step:
            found.append(heapq.heappop(self.queue)[3])
        return found

    def deliver(self, order):
        self.mail[order.lane, order.product] -= order.units
        self.see(order)

    def see(self, order):
        """An order is its supplier's demand of the day on which it is seen."""
        self.orders[order.lane, order.product].append(order)
        supplier = self.problem.lanes[order.lane].supplier
        if supplier is not None:
            self.faced[supplier, order.product] += order.units

    def demand(self, n, i):
        if self.problem.replay:
            units = self.problem.replay[self.day % len(self.problem.replay)][n][i]
        else:
            stock = self.problem.stock[n][i]
            if stock.demand_table < 0:
                return 0
            u, dither = self.draws.two(self.day, n, chance.DEMAND, self.problem.products[i].key)
            units = rules.quantile(self.problem.tables[stock.demand_table], u)
            season = self.problem.seasons[stock.demand_profile][self.day]
            units = rules.in_season(units, season * self.shock(n, i) // ONE_Q12, dither)
        return units * self.value("demand", n) // ONE_Q12

    def serve_customers(self, n, i):
        """Who has waited comes first."""
        stock, today = self.problem.stock[n][i], self.today[n]
        demand = self.demand(n, i)
        self.faced[n, i] += demand
        late = min(self.owed[n, i], self.on_hand[n, i])
        self.owed[n, i] -= late
        served = min(demand, self.on_hand[n, i] - late)
        self.on_hand[n, i] -= late + served
        missing = demand - served
        today["demand"] += demand
        today["served"] += served
        today["sold_value"] += (late + served) * stock.unit_value
        if self.problem.nodes[n].loses:
            today["lost"] += missing
            self.charge(n, i, "lost_sale", missing * stock.lost_sale)
        else:
            self.owed[n, i] += missing

    def decide(self, n):
        node = self.problem.nodes[n]
        for i in self.products:
            self.today[n]["faced"] += self.faced[n, i]
            stock = self.problem.stock[n][i]
            season = self.problem.seasons[stock.forecast_profile][self.day]
            self.forecast[n, i].learn(self.faced[n, i], season)
        if self.day % node.review_days == node.review_offset:
            for i in self.products:
                self.wished[n, i] = wish(self.wishes, self.day, n, self.problem.products[i].key)
                if any(self.problem.lanes[l].grades is not None for l in node.inbound):
                    self.effort[n, i] = min(max(self.wished[n, i].effort, 0), 3)
                if any(line.product == i for line in node.lines):
                    self.ask(n, i, self.wished[n, i])
                else:
                    self.order(n, i, self.wished[n, i])

    def ask(self, n, i, wished):
        """An order of an assembled product goes to the node's own production."""
        stock = self.problem.stock[n][i]
        missing = min(wished.level, stock.position_max) - self.position(n, i)
        most = min(wished.cap, stock.order_max)
        units = rules.order_quantity(missing, most, stock.lot_size, stock.order_min)
        if units > 0:
            self.charge(n, i, "ordering", stock.order_cost)
            self.asked[n, i] += units
            for line in self.problem.nodes[n].lines:
                if line.product == i:
                    self.dependent[n, line.component] += line.quantity * units

    def order(self, n, i, wished):
        node, stock = self.problem.nodes[n], self.problem.stock[n][i]
        position, rushed = self.position(n, i), 0
        if node.express is not None and wished.expedite != NOTHING:
            # It never takes the position past its limit.
            room = max(0, stock.position_max - position)
            missing = wished.expedite - self.expedited_position(n, i)
            rushed = rules.order_quantity(missing, min(room, stock.order_max), stock.lot_size, stock.order_min)
        most = max(0, min(wished.cap, stock.order_max - rushed))
        missing = min(wished.level, stock.position_max) - (position + rushed)
        whole = max(0, min(missing, most))
        share = ordered = 0
        for l in node.inbound:
            # The whole is cut at the shares' running sums, so that the parts add up to it.
            before, share = share, share + self.problem.lanes[l].share
            part = whole * share // 1_000_000 - whole * before // 1_000_000
            units = rules.order_quantity(part, most - ordered, stock.lot_size, stock.order_min)
            ordered += units
            self.send(n, l, i, units)
        if rushed > 0:
            self.send(n, node.express, i, rushed)
            self.rush[node.express, i] += rushed

    def send(self, n, l, i, units):
        if units == 0:
            return
        self.ordered[l, i] += units
        self.today[n]["ordered"] += units
        self.charge(n, i, "ordering", self.problem.stock[n][i].order_cost)
        days = self.problem.lanes[l].order_days
        order = Order(l, i, units, self.day + days)
        if days == 0:
            self.see(order)
        else:
            self.mail[l, i] += units
            self.push(order.seen, MAIL, order)

    def produce(self, n):
        node, stock = self.problem.nodes[n], self.problem.stock[n]
        if not node.produces:
            return
        starts = [self.input[n, i] + self.asked[n, i] for i in self.products]
        weights = [self.weight(n, i) for i in self.products]
        for component in sorted({line.component for line in node.lines}):
            # Shared among what it goes into; what does not need it goes on.
            quantity = {line.product: line.quantity for line in node.lines if line.component == component}
            uses = [quantity.get(i, 0) for i in self.products]
            starts, _ = rules.share_capacity(self.on_hand[n, component], starts, uses, weights)
        if node.capacity is not None:
            capacity = node.capacity * self.value("capacity", n) // ONE_Q12
            uses = [s.work for s in stock]
            starts, used = rules.share_capacity(capacity, starts, uses, weights)
            self.today[n]["work_used"] += used
            self.today[n]["work_capacity"] += capacity
        for i, units in enumerate(starts):
            if units > 0:
                needs = [line for line in node.lines if line.product == i]
                (self.asked if needs else self.input)[n, i] -= units
                for line in needs:
                    self.on_hand[n, line.component] -= line.quantity * units
                self.making[n, i] += units
                self.push(self.day + node.production_days, FINISHED, (n, i, units, False))
                self.charge(n, i, "production", units * stock[i].production_cost)

    def allocate(self, n, i):
        """Stock goes to what the lanes wait for, by the node's rule."""
        node = self.problem.nodes[n]
        claims = [self.waiting(l, i) for l in node.outbound]
        available = self.on_hand[n, i]
        if available >= sum(claims):
            turns = list(zip(node.outbound, claims))
        elif node.allocation == "proportional":
            turns = list(zip(node.outbound, rules.in_proportion(available, claims)))
        elif node.allocation == "priority":
            ranked = sorted(zip(node.outbound, claims), key=lambda turn: self.problem.lanes[turn[0]].priority)
            turns = ranked
        else:
            # What is older than the queue remembers counts as that old.
            oldest = self.day + 1 - FIRST_COME_DAYS
            orders = [order for l in node.outbound for order in self.orders[l, i]]
            orders.sort(key=lambda order: (max(order.seen, oldest), order.lane))
            turns = [(order.lane, order.units) for order in orders]
        for l, most in turns:
            units = min(most, self.on_hand[n, i])
            self.on_hand[n, i] -= units
            self.settle(l, i, units)

    def settle(self, l, i, units):
        """Units go onto a lane's dock, and its oldest orders are that much smaller."""
        self.dock[l, i] += units
        for order in self.orders[l, i]:
            part = min(order.units, units)
            order.units -= part
            units -= part
        assert units == 0, "more is allocated than was ordered"
        self.orders[l, i] = [order for order in self.orders[l, i] if order.units > 0]

    def transport(self, l):
        """What is rushed over the fast route; then each product's first choice, then the other routes in order."""
        lane = self.problem.lanes[l]
        room = {}
        for route in lane.routes:
            factor = self.value("route", route.number)
            limit = None if route.capacity is None else route.capacity * factor // ONE_Q12
            room[route.number] = 0 if factor == 0 else limit  # closed, limited or not
        if len(lane.routes) > 1:
            gone = self.go(l, lane.fast, room, [min(self.rush[l, i], self.dock[l, i]) for i in self.products])
            for i in self.products:
                self.rush[l, i] -= gone[i]
        choices = [self.ranking(lane, i) for i in self.products]
        for rank in range(len(lane.routes)):
            for route in lane.routes:
                wants = [self.dock[l, i] if choices[i][rank] is route else 0 for i in self.products]
                self.go(l, route, room, wants)
        for i in self.products:
            # What has left by another route is asked for no more.
            self.rush[l, i] = min(self.rush[l, i], self.waiting(l, i) + self.dock[l, i] + self.mail[l, i])

    def ranking(self, lane, i):
        asked = self.wished[lane.customer, i].route if (lane.customer, i) in self.wished else 0
        first = lane.routes[max(asked, 0) % len(lane.routes)]
        return [first] + [route for route in lane.routes if route is not first]

    def go(self, l, route, room, wants):
        """As much of it as there is room for leaves over a route."""
        goes, left = wants, room[route.number]
        if left is not None:
            volumes = [product.volume for product in self.problem.products]
            goes, used = rules.share_capacity(left, wants, volumes, [1] * len(wants))
            room[route.number] = left - used
        n = self.problem.lanes[l].customer
        for i, units in enumerate(goes):
            if units > 0:
                u, _ = self.draws.two(self.day, route.number, chance.LEAD_TIME, self.problem.products[i].key)
                graded = self.problem.lanes[l].grades is not None
                table = route.tables[self.nearest_grade(l, i) if graded else 0]
                lead = rules.quantile(self.problem.tables[table], u)
                due, late = self.day + lead, graded and lead > route.promise
                self.dock[l, i] -= units
                self.transit[l, i] += units
                self.coming[l, i].append((due, units))
                self.push(due, ARRIVAL, (l, i, units, late))
                self.today[n]["shipped_to"] += units
                self.charge(n, i, "freight", units * route.freight[i])
        return goes

    def account(self, n, i):
        node, stock = self.problem.nodes[n], self.problem.stock[n][i]
        here = self.on_hand[n, i] + self.input[n, i] + self.yard[n, i] + sum(self.dock[l, i] for l in node.outbound)
        # Of a component, what is not there for the orders that need it.
        missing = max(0, self.needed(n, i) - self.on_hand[n, i])
        owed = self.owed[n, i] + sum(self.waiting(l, i) for l in node.outbound) + missing
        coming = sum(self.transit[l, i] for l in node.inbound)
        self.charge(n, i, "holding", here * stock.holding)
        self.charge(n, i, "backorder", owed * stock.backorder)
        room = self.yard[n, i] * self.problem.products[i].volume
        self.charge(n, i, "overflow", room * node.overflow_rate >> 10)
        self.today[n]["stock_value"] += here * stock.unit_value
        self.today[n]["transit_value"] += coming * stock.unit_value
