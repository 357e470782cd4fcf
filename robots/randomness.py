"""Random generators of a robot's own: seeding, and packing their state into arrays without pickle."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robots.fleet import FleetError

STATE_WORDS = 6
"""64-bit words of one packed generator."""

_WORD = 2**64 - 1


def generator_for(seed: int, *path: int) -> np.random.Generator:
    """A generator for one purpose, for instance (seed, robot, purpose), unrelated to any other path's."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *path])))


def check_seed(seed: int) -> int:
    """The seed itself; raises FleetError unless it is a whole number of at least 0."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise FleetError(f"seed is {seed!r}, but must be a whole number of at least 0")
    return int(seed)


def pack(generators: Sequence[np.random.Generator]) -> NDArray[np.uint64]:
    """The states of PCG64 generators, shape (len, STATE_WORDS)."""
    rows = np.empty((len(generators), STATE_WORDS), dtype=np.uint64)
    for row, generator in zip(rows, generators, strict=True):
        state = generator.bit_generator.state
        inner = state["state"]
        row[:] = (
            inner["state"] >> 64,
            inner["state"] & _WORD,
            inner["inc"] >> 64,
            inner["inc"] & _WORD,
            state["has_uint32"],
            state["uinteger"],
        )
    return rows


def unpack(rows: NDArray[np.uint64]) -> list[np.random.Generator]:
    """Generators that go on exactly where the packed ones, shape (n, STATE_WORDS), stood."""
    generators = []
    for row in rows:
        words = [int(word) for word in row]
        bits = np.random.PCG64(0)
        bits.state = {
            "bit_generator": "PCG64",
            "state": {"state": words[0] << 64 | words[1], "inc": words[2] << 64 | words[3]},
            "has_uint32": words[4],
            "uinteger": words[5],
        }
        generators.append(np.random.Generator(bits))
    return generators
