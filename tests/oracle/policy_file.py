"""A policy file, read and computed from core/FORMAT.md alone: the second reader that keeps the page honest.

    python3 policy_file.py FILE [INPUTS]

Prints what is in the file, a `key value ...` line each, and computes every golden vector; exits 1 with a sentence if
anything is not as the page says. With a second file of rows of inputs (one byte each), also prints each agent's
outputs for every row.
"""

import struct
import sys
import zlib


class Refused(Exception):
    """Why a file is not a policy."""


def need(holds, why):
    if not holds:
        raise Refused(why)


class Part:
    """Bytes from front to back."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        taken = self.data[self.at : self.at + count]
        need(len(taken) == count, "cut off")
        self.at += count
        return taken

    def numbers(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))

    def filled(self, count):
        taken = self.take(count)
        need(not any(self.take(-count % 4)), "filled up with something else than zeros")
        return taken

    def ends(self):
        need(self.at == len(self.data), "bytes left over")


def signed_bytes(data):
    return list(struct.unpack(f"<{len(data)}b", data))


def layer(part, inputs, outputs):
    """Rows of (weights, bias, multiplier), one for each output."""
    rows = []
    for group in range(-(-outputs // 4)):
        biases = part.numbers("4i")
        weights = [[], [], [], []]
        for _ in range(-(-inputs // 4)):
            for row in weights:
                row += signed_bytes(part.take(4))
        for own, (row, bias, multiplier) in enumerate(zip(weights, biases, part.numbers("4i"))):
            if group * 4 + own < outputs:
                need(not any(row[inputs:]), "a weight beyond the inputs")
                need(abs(bias) <= 2**31 - 1 - 2**14 * inputs, "a bias that could overflow")
                need(multiplier >= 0, "a negative multiplier")
                rows.append((row[:inputs], bias, multiplier))
            else:
                need(not any(row) and bias == 0 and multiplier == 0, "an output beyond the last")
    return rows


def infer(layers, inputs):
    """The outputs of the last layer."""
    x = inputs
    for index, rows in enumerate(layers):
        y = []
        for weights, bias, multiplier in rows:
            acc = bias + sum(w * i for w, i in zip(weights, x))
            need(-(2**31) <= acc < 2**31, "an accumulator overflows")
            scaled = (acc * multiplier + 2**31) >> 32
            y.append(scaled if index == len(layers) - 1 else min(max(scaled, 0), 127))
        x = y
    return x


def choose(outputs, heads, allowed):
    """The best allowed choice of each head, the first of equals."""
    choices, at = [], 0
    for count in heads:
        own = [i for i in range(count) if allowed >> (at + i) & 1]
        choices.append(max(own, key=lambda i: (outputs[at + i], -i)))
        at += count
    return choices


def agent(part, width, outputs, heads):
    (length,) = part.numbers("I")
    need(length >= 4, "an agent shorter than its length")
    own = Part(part.take(length - 4))
    layer_count, golden_count, zero, key, allowed = own.numbers("BBHQQ")
    need(1 <= layer_count <= 4 and golden_count <= 8 and zero == 0, "an agent's counts")
    fallback = list(own.filled(len(heads)))
    shapes = [own.numbers("HH") for _ in range(layer_count)]
    need(all(1 <= size <= 128 for shape in shapes for size in shape), "a layer's shape")
    layers = [layer(own, *shape) for shape in shapes]
    golden = []
    for _ in range(golden_count):
        inputs = signed_bytes(own.filled(width))
        golden.append((inputs, list(own.numbers(f"{outputs}i"))))
    own.ends()
    ends = [width] + [shape[1] for shape in shapes]
    need([shape[0] for shape in shapes] == ends[:-1] and ends[-1] == outputs, "layers that do not fit each other")
    at = 0
    for count, choice in zip(heads, fallback):
        need(choice < count and allowed >> (at + choice) & 1, "a fallback that is not allowed")
        at += count
    need(allowed >> at == 0, "a choice beyond the last")
    return {"key": key, "allowed": allowed, "fallback": fallback, "layers": layers, "golden": golden}


def read(data):
    """Everything in a file."""
    need(len(data) >= 12, "shorter than a preamble")
    magic, version, flags, length = struct.unpack("<4sHHI", data[:12])
    need(magic == b"RSTP", "the magic")
    need(version == 2, "the version")
    need(length == len(data) and length >= 52, "the length")
    need(zlib.crc32(data[:-4]) == struct.unpack("<I", data[-4:])[0], "the checksum")
    need(flags in (0, 1), "the flags")
    part = Part(data[12 : -76 if flags else -4])
    packing, note_bytes, scenario, schema, model, inputs, outputs, agents, head_count, rule, z1, z2 = part.numbers(
        "HHQQIHHBBBBI"
    )
    need(packing == 1, "the packing")
    need(1 <= agents <= 32 and 1 <= head_count <= 16 and rule == 1 and z1 == z2 == 0, "the header's counts")
    heads = list(part.filled(head_count))
    note = part.filled(note_bytes)
    need(all(heads) and sum(heads) == outputs <= 64 and 1 <= inputs <= 128, "the heads")
    need(all(0x20 <= byte <= 0x7E for byte in note), "the note")
    found = [agent(part, inputs, outputs, heads) for _ in range(agents)]
    part.ends()
    need(len({a["key"] for a in found}) == agents, "two agents for one node")
    file = {"scenario": scenario, "schema": schema, "model": model, "inputs": inputs, "heads": heads, "agents": found}
    return file | {"note": note.decode("ascii"), "key_id": struct.unpack("<Q", data[-76:-68])[0] if flags else None}


def main():
    with open(sys.argv[1], "rb") as stream:
        file = read(stream.read())
    print(f"scenario {file['scenario']:016x}\nschema {file['schema']:016x}\nmodel {file['model']}\nnote {file['note']}")
    print(f"key {'none' if file['key_id'] is None else format(file['key_id'], '016x')}")
    rows = []
    if len(sys.argv) > 2:
        with open(sys.argv[2], "rb") as stream:
            data, width = signed_bytes(stream.read()), file["inputs"]
        rows = [data[at : at + width] for at in range(0, len(data), width)]
    for one in file["agents"]:
        print(f"agent {one['key']:016x} {one['allowed']:x}", *one["fallback"])
        for inputs, right in one["golden"]:
            need(infer(one["layers"], inputs) == right, "a golden vector gives other outputs than it should")
        print(f"golden {len(one['golden'])}")
        for inputs in rows:
            outputs = infer(one["layers"], inputs)
            print("row", *outputs, *choose(outputs, file["heads"], one["allowed"]))


try:
    main()
except Refused as why:
    sys.exit(f"not a policy file: {why}")
