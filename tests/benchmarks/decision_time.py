"""Time of one decision (actions and uncertainties of a fleet): the fast sampler beside the published one.

    .venv/bin/python tests/benchmarks/decision_time.py [--repeats 5]

Both use the shipped weights, in one process, on one thread; printed are medians and their ratio.
"""

import argparse
import platform
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from policy import ImplicitPolicy, load_checkpoint  # noqa: E402
from robots.registry import make_fleet  # noqa: E402

WEIGHTS = ROOT / "iifl_server" / "learning" / "shipped" / "block_push" / "policy.safetensors"
SEED = 0


def median_s(policy: ImplicitPolicy, observations: np.ndarray, repeats: int) -> float:
    times = []
    for repeat in range(repeats):
        begun = time.perf_counter()
        policy.decide(observations, SEED + repeat)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    fast, _ = load_checkpoint(WEIGHTS)
    assert isinstance(fast, ImplicitPolicy)
    published = ImplicitPolicy(fast.config, sampler="published")
    published.load_state_dict(fast.state_dict())
    print(f"{platform.machine()}, torch {torch.__version__}, 1 thread, seed {SEED}, {repeats} repeats")
    for robots in (4, 16):
        observations = make_fleet("block_push", robots, SEED).observe()
        fast.decide(observations, SEED)
        ours, theirs = median_s(fast, observations, repeats), median_s(published, observations, repeats)
        times = f"fast {ours * 1e3:.1f} ms, published {theirs * 1e3:.1f} ms"
        print(f"{robots:4d} robots: {times}, {theirs / ours:.1f}x")


if __name__ == "__main__":
    main()
