#!/usr/bin/env python3
"""An oracle of the simulator in another language: Python's standard library alone, nothing shared.

Reads cases from standard input, each a line `seed replica first_day last_day wishes bytes` (the days
are `first_day <= day < last_day`, `bytes` is the length of the scenario image that follows the line),
and prints what the chain looks like after each day under the policy of wishes.py:

    case SEED
    image DIGEST
    DAY TERM NUMBER NUMBER ...
    DAY digest DIGEST

A term of a node has a number for each product of each node, one of a lane for each product of each
lane, a tally one for each node. tests/tests/all/python_oracle.rs compares them with the simulator's.
"""

import sys

import chain
import image
from chance import Digest


def terms(c):
    """Names and numbers of one day, in the order of tests/src/record.rs."""
    p = c.problem
    stockpoints = [(n, i) for n in range(len(p.nodes)) for i in c.products]
    flows = [(l, i) for l in range(len(p.lanes)) for i in c.products]
    yield "inventory_level", [c.level(n, i) for n, i in stockpoints]
    yield "demand_today", [c.faced[at] for at in stockpoints]
    yield "input_stock", [c.input[at] + c.asked[at] for at in stockpoints]
    yield "in_production", [c.making[at] for at in stockpoints]
    yield "customer_backorder", [c.owed[at] for at in stockpoints]
    yield "forecast_level", [c.forecast[at].level for at in stockpoints]
    yield "cost", [c.cost[at] for at in stockpoints]
    yield "yard", [c.yard[at] for at in stockpoints]
    yield "effort", [c.effort[at] for at in stockpoints]
    yield "dependent", [c.dependent[at] for at in stockpoints]
    weighs = [node.produces or node.storage is not None for node in p.nodes]
    yield "capacity_weight", [c.weight(n, i) if weighs[n] else 0 for n, i in stockpoints]
    yield "route_first", [c.wished[at].route if at in c.wished else 0 for at in stockpoints]
    yield "ordered_today", [c.ordered[at] for at in flows]
    yield "waiting", [c.waiting(l, i) for l, i in flows]
    yield "in_transit", [c.transit[at] for at in flows]
    yield "staged", [c.dock[at] for at in flows]
    yield "rush", [c.rush[at] for at in flows]
    yield "mail", [c.mail[at] for at in flows]
    yield "grade", [c.grade.get(at, 0) for at in flows]
    yield "on_time", [c.on_time.get(at, 0) for at in flows]
    yield "accepted", [c.accepted.get(at, 0) for at in flows]
    ahead = p.ring_days - 1
    yield "ring", c.ahead(chain.ARRIVAL, flows, ahead)
    yield "late", [min(late, 1) for late in c.ahead(chain.ARRIVAL, flows, ahead, late=True)]
    yield "works_ring", c.ahead(chain.FINISHED, stockpoints, ahead)
    yield "mail_ring", c.ahead(chain.MAIL, flows, ahead)
    for name in chain.TALLIES:
        yield name, [today[name] for today in c.today]
    for name in chain.LEDGER:
        yield name + "_cost", [ledger[name] for ledger in c.ledger]


def trace(digest, c, day):
    """What Network::trace adds for one day: the number of the next day, orders, levels, costs."""
    digest.wide(day["number"] + 1)
    for number in day["ordered_today"] + day["inventory_level"]:
        digest.word(number)
    for ledger in c.ledger:
        for name in chain.LEDGER:
            digest.wide(ledger[name])


def run(seed, replica, first_day, last_day, wishes, data, out):
    whole = Digest()
    whole.bytes(data)
    out.write(f"case {seed}\nimage {whole.value:016x}\n")
    c = chain.Chain(image.read(data), seed, replica, first_day, wishes)
    digest = Digest()
    for number in range(first_day, last_day):
        c.advance()
        day = {"number": number}
        for name, values in terms(c):
            day[name] = values
            out.write(f"{number} {name} {' '.join(map(str, values))}\n")
        trace(digest, c, day)
        out.write(f"{number} digest {digest.value:016x}\n")


def main():
    while line := sys.stdin.buffer.readline():
        *numbers, length = map(int, line.split())
        run(*numbers, sys.stdin.buffer.read(length), sys.stdout)


if __name__ == "__main__":
    main()
