"""Densities of the turn of the hand where two recorded supervisors part, in one figure.

    .venv/bin/python tests/benchmarks/where_supervisors_part.py [--seed 0] [--image FILE.png]

Two of the paper's supervisors begin some episodes in the same state and turn the hand to different faces.
An energy, a mixture of Gaussians and cloning learn the first steps of those episodes by the same network.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from matplotlib import pyplot

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "policy")]

import parting  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    where = ROOT / "docs" / "images" / "where-supervisors-part.png"
    parser.add_argument("--image", type=Path, default=where)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    supervisors = parting.read()
    starts = parting.parting(supervisors)
    implicit, cloning, mixture = parting.learned(supervisors, starts, options.seed)
    grid = np.linspace(-1, 1, 801, dtype=np.float32)[:, None]
    figure, panels = pyplot.subplots(1, len(starts), figsize=(5 * len(starts), 3.6), layout="constrained")
    for axes, (pair, turns, state) in zip(np.atleast_1d(panels), starts, strict=True):
        many = np.repeat(state[None], len(grid), axis=0)
        network = implicit.network(0)
        with torch.no_grad():
            log = -network(torch.from_numpy(many), torch.from_numpy(grid)[:, None])[:, 0].numpy()
        density = np.exp(log - log.max())
        axes.fill_between(
            grid[:, 0], density / np.trapezoid(density, grid[:, 0]), alpha=0.4, label="implicit"
        )
        axes.plot(grid, np.exp(mixture.log_likelihood(many, grid)), color="C1", label="mixture")
        answer = float(cloning.decide(state[None]).actions[0, 0])
        axes.axvline(answer, color="C3", ls="--", label="cloning's answer")
        for turn in turns:
            axes.axvline(turn, color="k", lw=1, label="what was done" if turn == turns[0] else None)
        axes.set_ylim(0)
        axes.set_xlim(-1, 1)
        axes.set_xlabel("turn of the hand (yaw component of the action)")
        axes.set_title(f"episodes {pair[0]} and {pair[1]} of supervisors 2 and 3")
        print(f"episodes {pair}: turns {turns[0]:.2f} and {turns[1]:.2f}, cloning answers {answer:.2f}")
    np.atleast_1d(panels)[0].legend()
    figure.savefig(options.image, dpi=110)


if __name__ == "__main__":
    main()
