"""Chance with an address: the contract of core/src/draws.rs, and the digest of core/src/digest.rs."""

WORD = 0xFFFF_FFFF
LONG = 0xFFFF_FFFF_FFFF_FFFF

DEMAND = 1
LEAD_TIME = 2
DEFECT = 5
YIELD = 6
SHOCK = 7
DISRUPTION = 8


class SplitMix64:
    """Steele, Lea and Flood 2014."""

    def __init__(self, state):
        self.state = state & LONG

    def next(self):
        self.state = (self.state + 0x9E37_79B9_7F4A_7C15) & LONG
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9) & LONG
        z = ((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB) & LONG
        return z ^ (z >> 31)


def mix(state):
    """The first output of SplitMix64 from this state."""
    return SplitMix64(state).next()


def rotate(word, by):
    return ((word << by) | (word >> (32 - by))) & WORD


class Xoshiro128PlusPlus:
    """Blackman and Vigna 2019; its four words come from two outputs of SplitMix64, low halves first."""

    def __init__(self, seed):
        source = SplitMix64(seed)
        first, second = source.next(), source.next()
        self.s = [first & WORD, first >> 32, second & WORD, second >> 32]

    def next(self):
        s = self.s
        result = (rotate((s[0] + s[3]) & WORD, 7) + s[0]) & WORD
        t = (s[1] << 9) & WORD
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotate(s[3], 11)
        return result


class Draws:
    """All draws of one replica of one seed."""

    def __init__(self, seed, replica):
        self.key = mix(mix(seed) ^ replica)

    def two(self, day, place, source, product_key):
        """Two words of chance for one product at one place (a node or a route) on one day."""
        row = mix(self.key ^ (day | place << 32 | source << 56))
        generator = Xoshiro128PlusPlus(row ^ product_key)
        return generator.next(), generator.next()


class Digest:
    """FNV-1a, 64 bits, over little-endian numbers."""

    def __init__(self):
        self.value = 0xCBF2_9CE4_8422_2325

    def bytes(self, data):
        value = self.value
        for byte in data:
            value = ((value ^ byte) * 0x100_0000_01B3) & LONG
        self.value = value

    def word(self, number):
        self.bytes((number & WORD).to_bytes(4, "little"))

    def wide(self, number):
        self.bytes((number & LONG).to_bytes(8, "little"))
