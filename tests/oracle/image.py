"""A scenario image, read into nested, named things: the contract of core/src/layout.rs (version 3)."""

import struct
from types import SimpleNamespace as Thing

SEASON_AHEAD_DAYS = 192
COLUMNS = (
    "holding backorder lost_sale order_cost production_cost unit_value lot_size order_min order_max position_max"
    " initial work demand_table demand_mean protection_days protection_spread safety_factor demand_profile"
    " forecast_profile negotiation_cost scrap_cost good lag1 lag2 lag3 reach method"
).split()
EVENTS = {1: "demand", 2: "capacity", 3: "route", 4: "shipping", 5: "outside", 6: "grade"}
ALLOCATIONS = {0: "proportional", 1: "priority", 2: "first come"}
STAGES = {0: "in transit", 1: "in the mail", 2: "waiting"}


class Reader:
    """The words of an image, one after the other."""

    def __init__(self, data):
        self.words = struct.unpack(f"<{len(data) // 4}i", data)
        self.at = 0

    def take(self, count):
        words = self.words[self.at : self.at + count]
        assert len(words) == count, "the image is too short"
        self.at += count
        return words

    def rows(self, count, width):
        return [self.take(width) for _ in range(count)]


def key(low, high):
    return (low & 0xFFFF_FFFF) | (high & 0xFFFF_FFFF) << 32


def unlimited(word):
    """A limit, or None for the -1 that means none."""
    return None if word < 0 else word


def segments_of(words):
    """The segments of one table: (first u, value there, rise until the next segment, width)."""
    count = words[0]
    body = words[33 : 33 + 4 * count]
    starts = [body[4 * i] & 0xFFFF_FFFF for i in range(count)] + [1 << 32]
    return [(starts[i], body[4 * i + 1], body[4 * i + 2], starts[i + 1] - starts[i]) for i in range(count)]


def read(data):
    """Everything about a chain that does not change while it runs."""
    r = Reader(data)
    header = r.take(64)
    assert header[0] == int.from_bytes(b"RSTK", "little") and header[1] == 3, "not a scenario image of version 3"
    assert header[2] == len(r.words), "the image has another length than it says"
    node_count, lane_count, route_count, product_count, horizon, profile_count, event_count = header[3:10]
    problem = Thing(ring_days=header[12], forecast_shift=header[40])
    problem.nodes = [node(words) for words in r.rows(node_count, 16)]
    problem.lanes = [lane(words) for words in r.rows(lane_count, 24)]
    routes = [
        Thing(promise=w[0], capacity=unlimited(w[1]), mean_q8=w[2], tables=w[4:12]) for w in r.rows(route_count, 12)
    ]
    problem.products = [
        Thing(key=key(low, high), volume=volume, group=unlimited(group))
        for low, high, volume, group in zip(*r.rows(4, product_count))
    ]
    stock = [[Thing() for _ in range(product_count)] for _ in range(node_count)]
    for column in COLUMNS:
        for n in range(node_count):
            for thing, value in zip(stock[n], r.take(product_count)):
                setattr(thing, column, value)
    problem.stock = stock
    for route in routes:
        route.freight = r.take(product_count)
    sums = r.rows(profile_count, horizon + SEASON_AHEAD_DAYS + 1)
    problem.seasons = [[after - before for before, after in zip(row, row[1:])] for row in sums]
    problem.events = [Thing(day=w[0], kind=EVENTS[w[1]], place=w[2], value=w[3]) for w in r.rows(event_count, 4)]
    problem.open_orders = [
        Thing(lane=w[0], product=w[1], stage=STAGES[w[2]], days=w[3], units=w[4]) for w in r.rows(header[29], 5)
    ]
    problem.disruptions = [
        Thing(kind=EVENTS[w[0]], place=w[1], value=w[2], gap=w[3], duration=w[4]) for w in r.rows(header[30], 5)
    ]
    lines = [Thing(node=w[0], product=w[1], component=w[2], quantity=w[3]) for w in r.rows(header[31], 4)]
    starts = r.take(header[10])
    table_words = r.take(header[11])
    problem.tables = [segments_of(table_words[start:]) for start in starts]
    problem.shocks = problem.tables[header[33]] if header[32] > 0 else None
    selling = [n for n, thing in enumerate(problem.nodes) if thing.sells]
    problem.replay = [dict(zip(selling, r.rows(len(selling), product_count))) for _ in range(header[20])]
    assert r.at == len(r.words), "the image is too long"
    join(problem, routes)
    for line in lines:
        problem.nodes[line.node].lines.append(line)
    return problem


def node(w):
    produces = bool(w[2] & 4)
    return Thing(
        sells=bool(w[2] & 1),
        loses=bool(w[2] & 2),
        produces=produces,
        review_days=w[4],
        review_offset=w[5],
        allocation=ALLOCATIONS[w[6]],
        production_days=w[7],
        capacity=unlimited(w[8]) if produces else None,
        storage=unlimited(w[9]),
        overflow_rate=w[10],
        lines=[],
        inbound=[],
        outbound=[],
        express=None,
    )


def lane(w):
    supplier = None if w[0] < 0 else w[0]
    grades = None
    if w[6] >= 0:
        grades = Thing(base_q8=w[6], lift_q8=(0,) + w[7:10], shift=w[10], on_time=w[11], accepted=w[12], defects=w[16:24])
    return Thing(
        supplier=supplier, customer=w[1], routes=w[2], order_days=w[3], priority=w[4], share=w[5], grades=grades
    )


def join(problem, routes):
    """Gives lanes their routes and nodes their lanes."""
    for number, route in enumerate(routes):
        route.number = number
    left = list(routes)
    for l, thing in enumerate(problem.lanes):
        thing.routes, left = left[: thing.routes], left[thing.routes :]
        receiver = problem.nodes[thing.customer]
        receiver.inbound.append(l)
        if thing.supplier is not None:
            problem.nodes[thing.supplier].outbound.append(l)
        # min gives the first of equals.
        thing.fast = min(thing.routes, key=lambda route: route.mean_q8)
        thing.fast_days = min((thing.fast.mean_q8 + 128) // 256, problem.ring_days - 1)
        if len(thing.routes) > 1 and receiver.express is None:
            receiver.express = l
