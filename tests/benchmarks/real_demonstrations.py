"""Implicit policies, behaviour cloning and mixtures of Gaussians on demonstrations by the paper's authors.

    .venv/bin/python tests/benchmarks/real_demonstrations.py [--tasks franka] [--arms cloning] [--seeds 0 1]

Every arm is trained in rounds, from where it stands and with a learning rate that is halved whenever a round
brings nothing on validation episodes, until four rounds in a row bring nothing. What is done is kept in
--out and not done again. Printed are errors on test episodes, and how the validation curves ended.
"""

import argparse
import json
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from policy import (  # noqa: E402
    Dataset,
    ExplicitPolicy,
    ImplicitPolicy,
    MixturePolicy,
    NetworkConfig,
    PolicyConfig,
    TrainingConfig,
    load_checkpoint,
    save_checkpoint,
    train,
)
from policy.energy.fast import FastEnergy  # noqa: E402
from policy.explicit import Mixture  # noqa: E402
from policy.learning import CounterExampleConfig  # noqa: E402
from policy.learning.counter_examples import REFINED_COUNTER_EXAMPLES  # noqa: E402
from policy.learning.demonstrations import joined, read_demonstrations, split_episodes  # noqa: E402
from policy.sampling import bounds  # noqa: E402
from policy.sampling.annealed import AnnealedConfig, AnnealedDiagnostics, annealed_smc  # noqa: E402

DATA = Path(os.environ.get("IIFL_DEMONSTRATIONS", ROOT.parent / "shared" / "data"))
TASKS = {
    "franka": [f"franka_cube_stack_supervisor{number}" for number in range(4)],
    "rotation": [f"franka_cube_stack_supervisor{number}" for number in range(4)],
    "ball": ["ball_balance_supervisor0"],
}
"""`rotation` is the part of franka with the open hand above the cube, and of actions the turn alone."""
SHARES = (0.7, 0.15, 0.15)  # Of each supervisor's episodes: training, validation, test.
SKIP = 2  # First steps of an episode, whose observations are from before the reset.
FLOOR = 0.01  # Smallest deviation of any Gaussian [action units].
PATIENCE = 4  # Rounds without progress after which a training has converged.
PROGRESS = 0.01  # Least relative fall of a squared error, or fall of a negative log likelihood [nats].
CUBE, HAND, YAW, GRIPPER = slice(4, 7), slice(10, 13), 5, 6  # Positions in states; components of actions.
VALIDATION, TEST = 160, 192  # States that are looked at, evenly over the episodes.

_QUICK = TrainingConfig(250, 128, precision="float32", fold=0)
_RECIPE = TrainingConfig(500, 128, fold=0)


def _counter(**values: Any) -> TrainingConfig:
    return replace(_RECIPE, counter_examples=CounterExampleConfig(**values))


ARMS: dict[str, TrainingConfig] = {
    "cloning": _QUICK,
    "mixture": _QUICK,
    "implicit-uniform": _RECIPE,
    "implicit-uniform-256": _counter(count=256),
    "implicit-refined": _counter(kind="weighted", count=8),
    "implicit-refined-penalty": _counter(kind="weighted", count=8, penalty=1.0),
    "implicit-refined-spectral": _counter(kind="weighted", count=8),
    "implicit-langevin-penalty": replace(_RECIPE, counter_examples=REFINED_COUNTER_EXAMPLES),
    "implicit-langevin-penalty-3": replace(
        _RECIPE, counter_examples=replace(REFINED_COUNTER_EXAMPLES, margin=3.0)
    ),
    "implicit-uniform-penalty-3": _counter(count=64, penalty=1.0, margin=3.0),
    "implicit-search": _counter(kind="derivative_free", count=16),
}


def recipe(arm: str, task: str) -> TrainingConfig:
    """Of one round. Samples of `rotation` are a tenth of those of franka, and so are its rounds."""
    config = ARMS[arm]
    return replace(config, updates=config.updates // 10) if task == "rotation" else config


def datasets(task: str, seed: int) -> tuple[Dataset, Dataset, Dataset]:
    """Training, validation and test samples of a task; the seed decides which episodes go where."""
    draws = np.random.default_rng([seed, 7])
    parts: tuple[list[Dataset], ...] = ([], [], [])
    for name in TASKS[task]:
        read = read_demonstrations(DATA / f"{name}.npz")
        for into, episodes in zip(parts, split_episodes(len(read.episodes), SHARES, draws), strict=True):
            samples = read.dataset(episodes, skip=SKIP)
            into.append(rotation(samples) if task == "rotation" else samples)
    first, second, third = (joined(part) for part in parts)
    return first, second, third


def rotation(dataset: Dataset) -> Dataset:
    """Samples with the open hand above the cube, not yet round it, and of their actions the turn alone."""
    hand, cube = dataset.observations[:, HAND], dataset.observations[:, CUBE]
    aside, height = np.hypot(*(hand - cube)[:, :2].T), (hand - cube)[:, 2]
    rows = (dataset.actions[:, GRIPPER] > 0) & (aside < 0.03) & (height > 0.03)
    return Dataset(dataset.observations[rows], dataset.actions[rows, YAW, None], dataset.provenance[rows])


def thinned(dataset: Dataset, count: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.linspace(0, len(dataset) - 1, min(count, len(dataset))).round().astype(int)
    return np.array(dataset.observations[rows]), np.array(dataset.actions[rows])


def annealed(
    policy: ImplicitPolicy, states: np.ndarray, seed: int, particles: int = 128, moves: int = 3
) -> tuple[Tensor, AnnealedDiagnostics]:
    """Draws of member 0's density, (n, particles, A), and log Z: too sharp for uniform importance samples."""
    network = policy.network(0)
    low, high = bounds(-1.0, 1.0, policy.config.network.action_size)
    with torch.no_grad():
        features = network.encode(torch.from_numpy(states))
    energy = FastEnergy(network.head, precision="float32")
    draws = torch.Generator().manual_seed(seed)
    return annealed_smc(energy, features, low, high, draws, AnnealedConfig(particles, moves))


def fresh(arm: str, dataset: Dataset, seed: int, width: int, depth: int) -> Any:
    network = NetworkConfig(
        observation_shape=dataset.observations.shape[1:],
        action_size=dataset.actions.shape[1],
        width=width,
        state_depth=depth,
        normalise=True,
        spectral_norm=arm.endswith("spectral"),
    )
    config = PolicyConfig(network, members=1, bootstrap=False)
    if arm == "cloning":
        return ExplicitPolicy(config, seed=seed)
    if arm == "mixture":
        return MixturePolicy(config, seed=seed, floor=FLOOR)
    return ImplicitPolicy(config, seed=seed, temperature=0.0)


@torch.no_grad()
def true_energies(policy: ImplicitPolicy, states: np.ndarray, actions: np.ndarray) -> Tensor:
    """Of member 0 at the supervisors' actions, (n,)."""
    energies: Tensor = policy.network(0)(torch.from_numpy(states), torch.from_numpy(actions)[:, None])
    return energies[:, 0].double()


def negative_log_likelihood(
    policy: Any, states: np.ndarray, actions: np.ndarray, spread: Tensor | None = None
) -> float:
    if isinstance(policy, MixturePolicy):
        return float(-policy.log_likelihood(states, actions).mean())
    if isinstance(policy, ImplicitPolicy):
        _, ended = annealed(policy, states, seed=0)
        return float((true_energies(policy, states, actions) + ended.log_z).mean())
    assert spread is not None
    given = torch.from_numpy(actions)
    means = torch.from_numpy(policy.decide(states, 0).actions)[:, None]
    single = Mixture(torch.zeros(len(means), 1), means, spread.expand_as(means))
    return float(-single.log_density(given[:, None]).mean())


def held_out_loss(policy: Any, states: np.ndarray, actions: np.ndarray) -> float:
    """Squared error of cloning, in logarithm, so that a fall by a share counts; else the likelihood."""
    if isinstance(policy, ExplicitPolicy):
        return math.log(float(np.square(policy.decide(states, 0).actions - actions).mean()))
    return negative_log_likelihood(policy, states, actions)


def converge(
    arm: str, task: str, seed: int, out: Path, rounds: int, width: int, depth: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Train an arm until it has converged, or for so many rounds; the best of all rounds is kept in `out`."""
    stem = out / f"{task}-{arm}-{seed}"
    record: dict[str, Any] = {
        "curve": [],
        "losses": [],
        "errors": [],
        "rates": [],
        "best": None,
        "poor": 0,
        "done": False,
        "seconds": 0.0,
    }
    if stem.with_suffix(".json").exists():
        record = json.loads(stem.with_suffix(".json").read_text())
    training, validation, _ = datasets(task, seed)
    states, actions = thinned(validation, VALIDATION)
    config = recipe(arm, task)
    policy = fresh(arm, training, seed, width, depth)
    if record["curve"]:
        policy, _ = load_checkpoint(stem.with_suffix(".last"))
    record["done"] = record["poor"] >= PATIENCE
    while not record["done"] and len(record["curve"]) < rounds:
        begun = time.perf_counter()
        number = len(record["curve"])
        rate = config.learning_rate * 0.5 ** sum(record["rates"])
        made = train(policy, training, replace(config, learning_rate=rate), seed=1000 * seed + number)
        policy = made.policy
        record["seconds"] += time.perf_counter() - begun
        loss = held_out_loss(policy, states, actions)
        better = record["best"] is None or loss < record["best"] - PROGRESS
        record["curve"].append(loss)
        record["losses"].append(made.losses[0])
        record["errors"].append(distance(policy.decide(states, 0).actions, actions))
        record["rates"].append(0 if better else 1)
        record["poor"] = 0 if better else record["poor"] + 1
        record["done"] = record["poor"] >= PATIENCE
        if record["best"] is None or loss < record["best"]:
            record["best"] = loss
            save_checkpoint(stem.with_suffix(".best"), policy, round=number)
        save_checkpoint(stem.with_suffix(".last"), policy, round=number)
        stem.with_suffix(".json").write_text(json.dumps(record))
        say(
            f"{stem.name} round {number}: loss {made.losses[0]:.4f}, held out {loss:.4f}, "
            f"error {record['errors'][-1]:.3f}, rate {rate:.1e}"
        )
    return record


def judge(arm: str, task: str, seed: int, out: Path) -> dict[str, float]:
    """Errors of the best round on test episodes; kept in `out`."""
    stem = out / f"{task}-{arm}-{seed}"
    training, validation, test = datasets(task, seed)
    policy, _ = load_checkpoint(stem.with_suffix(".best"))
    states, actions = thinned(test, TEST)
    chosen = policy.decide(states, 0).actions
    found = {"error": distance(chosen, actions)}
    if isinstance(policy, ExplicitPolicy):
        for name, known in (("nll", training), ("nll_validation", validation)):
            seen, done = thinned(known, 4096)
            spread = torch.from_numpy(policy.decide(seen, 0).actions - done).std(dim=0).clamp_min(FLOOR)
            found[name] = negative_log_likelihood(policy, states, actions, spread)
    if isinstance(policy, ImplicitPolicy):
        particles, ended = annealed(policy, states, seed, particles=192, moves=3)
        drawn = particles[:, torch.randperm(192, generator=torch.Generator().manual_seed(seed))[:64]].numpy()
        lowest = particles[torch.arange(len(states)), ended.energies.argmin(dim=1)].numpy()
        found["lowest"] = distance(lowest, actions)
        found["nll"] = float((true_energies(policy, states, actions) + ended.log_z).mean())
    elif isinstance(policy, MixturePolicy):
        drawn = policy.sample(states, 64, seed)
        found["nll"] = negative_log_likelihood(policy, states, actions)
    else:
        drawn = chosen[:, None]
    for count in (16, 64):
        near = np.linalg.norm(drawn[:, :count] - actions[:, None], axis=-1).min(axis=1)
        found[f"nearest{count}"] = float(near.mean())
    return found


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one - other, axis=-1).mean())


def mean_and_sd(values: list[float], digits: int) -> str:
    mean = f"{statistics.fmean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def table(task: str, found: dict[str, list[dict[str, float]]]) -> None:
    print(f"\n{task}: mean ± sd over seeds, each with a split of its own")
    print("| | seeds | action error | nearest of 16 | nearest of 64 | negative log likelihood [nats] |")
    print("|---|---|---|---|---|---|")
    for arm, results in found.items():
        columns = [
            mean_and_sd([one[name] for one in results], 3) for name in ("error", "nearest16", "nearest64")
        ]
        columns.append(mean_and_sd([one["nll"] for one in results], 1))
        if "nll_validation" in results[0]:
            columns[-1] += f" ({mean_and_sd([one['nll_validation'] for one in results], 1)})"
        print(f"| {arm} | {len(results)} | {' | '.join(columns)} |")


def draw_convergence(task: str, arms: list[str], seeds: list[int], out: Path, target: Path) -> None:
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for place, arm in enumerate(arms):
        axes = left if arm == "cloning" else right
        for number, seed in enumerate(seeds):
            path = out / f"{task}-{arm}-{seed}.json"
            if path.exists():
                curve = json.loads(path.read_text())["curve"]
                updates = recipe(arm, task).updates * np.arange(1, len(curve) + 1)
                label = arm if number == 0 else None
                axes.plot(updates, curve, color=f"C{place}", marker=".", lw=1, label=label)
                best = int(np.argmin(curve))
                axes.plot(updates[best], curve[best], color=f"C{place}", marker="*", ms=11)
    left.set_ylabel("log of mean squared error")
    right.set_ylabel("negative log likelihood [nats]")
    for axes in (left, right):
        axes.set_xlabel("updates")
        axes.legend()
    figure.suptitle(
        f"{task}: validation episodes after each round, one line a seed; stars are what is tested"
    )
    figure.savefig(target, dpi=110)


def draw_rotation(seed: int, out: Path, target: Path) -> None:
    """Densities of the turn of the hand in one test state of each supervisor."""
    from matplotlib import pyplot

    training, _, test = datasets("rotation", seed)
    names = ("implicit-uniform", "mixture", "cloning")
    implicit, mixture, cloning = (load_checkpoint(out / f"rotation-{name}-{seed}.best")[0] for name in names)
    assert isinstance(implicit, ImplicitPolicy)
    assert isinstance(mixture, MixturePolicy)
    figure, panels = pyplot.subplots(2, 2, figsize=(11, 7), layout="constrained", sharex=True)
    grid = np.linspace(-1, 1, 801, dtype=np.float32)[:, None]
    spread = training.observations.std(axis=0)
    for who, axes in enumerate(panels.flat):
        own = [row for row in range(len(test)) if f"supervisor{who}" in test.provenance[row]]
        row = sorted(own, key=lambda row: abs(test.actions[row, 0]))[len(own) // 2]
        state = np.array(test.observations[row])[None]
        many = np.repeat(state, len(grid), axis=0)
        log = -true_energies(implicit, many, grid).numpy()
        density = np.exp(log - log.max())
        axes.fill_between(
            grid[:, 0], density / np.trapezoid(density, grid[:, 0]), alpha=0.4, label="implicit"
        )
        axes.plot(grid, np.exp(mixture.log_likelihood(many, grid)), color="C1", label="mixture")
        answer = cloning.decide(state, 0).actions[0, 0]
        axes.axvline(answer, color="C3", ls="--", label="cloning's answer")
        axes.axvline(test.actions[row, 0], color="k", lw=1, label="what was done (held out)")
        axes.set_ylim(0)
        for other in range(len(TASKS["rotation"])):
            rows = np.flatnonzero([f"supervisor{other}" in name for name in training.provenance])
            near = rows[np.square((training.observations[rows] - state) / spread).sum(axis=1).argmin()]
            turn, across = training.actions[near, 0], axes.get_xaxis_transform()
            axes.text(turn, 0.02, str(other), ha="center", transform=across, bbox={"fc": "white", "pad": 2})
        axes.set_title(f"a test state of supervisor {who}")
        axes.set_xlim(-1, 1)
    panels[0, 0].legend()
    for axes in panels[1]:
        axes.set_xlabel("turn of the hand (yaw component of the action)")
    figure.savefig(target, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=TASKS)
    parser.add_argument("--arms", nargs="+", default=["cloning", "mixture", "implicit-uniform"], choices=ARMS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rounds", type=int, default=12, help="at most so many; 0 only judges what is there")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--images", type=Path, help="folder to draw figures into")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "real-demonstrations")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    print(f"{platform.machine()}, Python {platform.python_version()}, torch {torch.__version__}, 1 thread")
    say = lambda text: print(time.strftime("%H:%M:%S"), text, flush=True)  # noqa: E731
    found: dict[str, dict[str, list[dict[str, float]]]] = {task: {} for task in options.tasks}
    for seed in options.seeds:
        for task in options.tasks:
            for arm in options.arms:
                if options.rounds:
                    converge(arm, task, seed, options.out, options.rounds, options.width, options.depth, say)
                if (options.out / f"{task}-{arm}-{seed}.best").exists():
                    result = judge(arm, task, seed, options.out)
                    found[task].setdefault(arm, []).append(result)
                    say(f"{task} {arm} seed {seed}: {result}")
    for task, results in found.items():
        table(task, results)
        if options.images:
            where = options.images / f"real-demonstrations-{task}-convergence.png"
            draw_convergence(task, list(results), options.seeds, options.out, where)
    if options.images and "rotation" in options.tasks:
        draw_rotation(options.seeds[0], options.out, options.images / "real-demonstrations-rotation.png")


if __name__ == "__main__":
    main()
