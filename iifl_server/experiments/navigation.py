"""Figure 1: a fork that tears averages apart, and wind that nobody demonstrated (Section 5.1)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from iifl_server.experiments import claims
from iifl_server.experiments.protocol import Trial, size_of
from iifl_server.experiments.report import COLOURS, HEADINGS, Columns, Report, curves_figure, save_figure
from policy.implicit import ImplicitPolicy
from policy.learning.checkpoint import load_checkpoint
from robots.registry import make_fleet
from robots.tasks.navigation.maze import FREE, GOAL, START, WINDY

ALGORITHMS = ("bc", "ibc", "ifl", "iifl-random", "iifl", "iifl-nearest")
PAPER = {
    "bc": {"autonomous_success_rate": "0 %"},
    "ibc": {"autonomous_success_rate": "0 %"},
    "iifl": {"autonomous_success_rate": "100 %"},
}
STATES = ((4, 6), (18, 8), (24, 7))
"""At the fork, where the wind has carried a robot up, and behind the wind."""
_DRAWN = 10  # Robots whose ways are drawn.


def trials(task: str, scale: str, recipe: str) -> list[Trial]:
    """Six algorithms over the seeds."""
    size = size_of(task, scale)
    percentile = 80.0 if recipe == "ours" else 99.0  # Decision 0014.
    return [
        Trial(task, arm, seed, size, recipe, percentile) for seed in range(size.seeds) for arm in ALGORITHMS
    ]


def report(task: str, out: Path, values: Columns, arms: Sequence[str]) -> Report:
    """The table, the claims, trajectories and energies of the first seed, and curves."""
    curves_figure(out, "curves", arms, f"{task}: mean and range over seeds")
    figures = ["curves"]
    if _trajectories(out, arms):
        figures.insert(0, "figure-1")
    rate = "autonomous_success_rate"

    def of(arm: str) -> list[float]:
        return list(values.get(arm, {}).get(rate, []))

    found = [
        claims.within("Behaviour cloning reaches the goal in 0 of 100 trials", of("bc"), 0.0, 0.0),
        claims.within("Implicit cloning reaches it in at most 5 of 100", of("ibc"), 0.0, 5.0),
        claims.within("IIFL reaches it alone in at least 95 of 100", of("iifl"), 95.0, 100.0),
        claims.more("As much help at random leaves the policy below IIFL", of("iifl"), of("iifl-random")),
    ]
    headings = {rate: "autonomous successes of 100", **HEADINGS}
    return Report("navigation (Figure 1)", headings, found, PAPER, figures=figures)


def walked(policy: Any, robots: int, seed: int) -> list[NDArray[np.float64]]:
    """Cells of each robot's first episode alone, (steps, 2)."""
    fleet: Any = make_fleet("navigation", robots, seed)
    going = np.ones(robots, dtype=np.bool_)
    ways = [[fleet.cells()[robot]] for robot in range(robots)]
    for step in range(fleet.episode_length):
        decision = policy.decide(fleet.observe(), step, uncertainty=False)
        result = fleet.act(decision.actions, going)
        for robot in np.flatnonzero(going).tolist():
            ways[robot].append(fleet.cells()[robot])
        going &= ~(result.done | result.violation)
    return [np.array(way) for way in ways]


@torch.no_grad()
def energies(policy: ImplicitPolicy, cell: tuple[int, int], size: int = 61) -> NDArray[np.float64]:
    """Density exp(-E) of member 0 over the action box, (size, size), largest 1; rows are dy from -1 to 1."""
    line = torch.linspace(-1.0, 1.0, size)
    grid = torch.cartesian_prod(line, line)[None]  # (1, size * size, 2), dx first
    found = policy.network(0)(torch.tensor([cell], dtype=torch.float32), grid)[0].double()
    density: NDArray[np.float64] = torch.exp(found.min() - found).reshape(size, size).T.numpy()
    return density


def _trajectories(out: Path, arms: Sequence[str]) -> bool:
    """Draw Figure 1 of seed 0, from the policies that the trials ended with."""
    kept = {arm: out / "trials" / f"{arm}-0" / "policy.safetensors" for arm in arms}
    kept = {arm: path for arm, path in kept.items() if path.exists()}
    if not kept:
        return False
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        len(kept),
        1 + len(STATES),
        figsize=(12, 1.9 * len(kept)),
        width_ratios=[3.2, *[1.0] * len(STATES)],
        layout="constrained",
        squeeze=False,
    )
    for row, (arm, path) in enumerate(kept.items()):
        policy: Any = load_checkpoint(path)[0]
        axis = axes[row][0]
        axis.imshow(np.where(FREE.T, 1.0, 0.35), cmap="gray", vmin=0, vmax=1, origin="lower")
        axis.imshow(np.where(WINDY.T, 0.25, np.nan), cmap="Blues", vmin=0, vmax=1, origin="lower", alpha=0.5)
        for way in walked(policy, _DRAWN, 0):
            axis.plot(way[:, 0], way[:, 1], color=COLOURS.get(arm, "#000000"), lw=1, alpha=0.7)
        axis.plot(*START, "ko", ms=4)
        axis.plot(*GOAL, "k*", ms=8)
        axis.set_title(arm, fontsize=9)
        axis.set_axis_off()
        for column, cell in enumerate(STATES, start=1):
            place = axes[row][column]
            if isinstance(policy, ImplicitPolicy):
                place.imshow(
                    energies(policy, cell), extent=(-1, 1, -1, 1), origin="lower", cmap="viridis", vmin=0
                )
                place.set_title(f"exp(−E) at {cell}", fontsize=8)
            else:
                action = policy.decide(np.array([cell], dtype=np.float32), 0).actions[0]
                place.plot(action[0], action[1], "o", color=COLOURS.get(arm, "#000000"))
                place.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal")
                place.set_title(f"action at {cell}", fontsize=8)
            place.tick_params(labelsize=6)
    save_figure(figure, out, "figure-1")
    pyplot.close(figure)
    return True
