"""The paper's Table 5 beside ours: seconds of training, inference and uncertainty for 100 robots.

Networks, fleet and batch are those of the paper's Ant benchmark; data are synthetic (`problem.py`), as times
do not depend on what the numbers mean. The paper's times were taken on a Tesla V100. Where our default does
something else than the paper, the published way through our code stands beside it ("Table 3").
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from iifl_server.bench.common import Options, Show, device, prepare, time_s
from iifl_server.bench.problem import make_problem
from policy import ExplicitPolicy, ImplicitPolicy, NetworkConfig, PolicyConfig, TrainingConfig, train
from policy.energy import fast_energy
from policy.learning import published
from policy.uncertainty import partition_function

R = TypeVar("R")
Times = dict[str, list[float]]
PAPER: dict[str, tuple[float, float]] = {
    "IFL training step": (0.0385, 0.0205),
    "IFL training step per model": (0.0077, 0.0041),
    "IFL inference": (0.0060, 0.0395),
    "IFL uncertainty": (0.0029, 0.0008),
    "IIFL training step": (0.694, 0.207),
    "IIFL training step per model": (0.347, 0.104),
    "IIFL inference": (0.494, 0.045),
    "IIFL uncertainty": (0.988, 0.008),
    "partition function": (7.10, 0.0),
}
"""Table 5, mean and standard deviation [s]; the last row is from the text of Section 7.3.4."""
BUDGET_S = 30.0
"""Of one measurement: it is repeated while it is likely to stay within, so that all rows together take
minutes and those that are fast have a standard deviation."""
OFTEN = 4
"""Values for each of the repeats asked for, where they fit."""


def run(options: Options, show: Show) -> dict[str, Any]:
    """Measure; full size in under ten minutes on two idle cores. Rows that are slow are repeated less."""
    found = prepare(options, show)
    robots, batch, width = (10, 32, 32) if options.smoke else (100, 512, 256)
    problem = make_problem(options.seed, samples=max(batch, 256), held_out=robots)
    network = NetworkConfig((60,), 8, width=width, spectral_norm=True, normalise=True)
    ensemble = ExplicitPolicy(PolicyConfig(network, members=5), seed=options.seed).to(device())
    policy = ImplicitPolicy(PolicyConfig(network, members=2), seed=options.seed, temperature=0.0).to(device())
    default = TrainingConfig(2 if options.smoke else 5, batch, fold=0)
    table5 = replace(published(1, batch), fold=0)

    train(ensemble, problem.train, replace(default, updates=1), seed=0)  # first calls pay for their libraries
    train(policy, problem.train, replace(default, updates=1), seed=0)

    def steps(trained: Any, config: TrainingConfig) -> list[float]:
        """Seconds of one update of all members, one value for each short training."""
        reports = repeated(lambda seed: train(trained, problem.train, config, seed=seed), options)
        return [report.seconds / config.updates for report in reports]

    times: Times = {
        "IFL training step": steps(ensemble, default),
        "IIFL training step": steps(policy, default),
    }
    times["IIFL training step, Table 3"] = steps(policy, table5)
    for algorithm, members in (("IFL", 5), ("IIFL", 2)):
        name = f"{algorithm} training step"
        times[f"{name} per model"] = [step / members for step in times[name]]
    observations = problem.held_out.observations
    chains = ImplicitPolicy(policy.config, sampler="published").to(device())
    chains.load_state_dict(policy.state_dict())
    ensemble.decide(observations, 0)
    policy.decide(observations, 0)
    times |= decisions("IFL", ensemble, observations, options)
    times |= decisions("IIFL", policy, observations, options)
    slow = decisions("IIFL", chains, observations, options)
    times |= {f"{name}, Table 3": column for name, column in slow.items()}
    times["partition function"] = repeated(
        lambda _: time_s(lambda: partition_functions(policy, observations)), options
    )
    figures = {name: summary(name, column) for name, column in times.items()}
    for line in lines(figures):
        show(line)
    show(
        f"mean ± standard deviation of n: up to {OFTEN * options.repeats}, fewer where a row would "
        f"take longer than {BUDGET_S:g} s; one value has none"
    )
    show("IIFL inference and uncertainty share samples: uncertainty is what both need, inference the rest.")
    return {"machine": found, "times": figures}


def repeated(work: Callable[[int], R], options: Options, budget_s: float = BUDGET_S) -> list[R]:
    """What work(seed) gives, once at least, then for as many seeds as fit into the budget up to a most."""
    begun = time.perf_counter()
    found: list[R] = []
    for done in range(OFTEN * options.repeats):
        spent = time.perf_counter() - begun
        if done and spent + spent / done > budget_s:
            break
        found.append(work(options.seed + done))
    return found


def decisions(
    name: str, policy: ExplicitPolicy | ImplicitPolicy, observations: NDArray[np.float32], options: Options
) -> Times:
    """Seconds of inference and of uncertainty, for all robots at once.

    Mean and variance of an explicit ensemble come from one forward pass, so either is the whole of it.
    """

    def once(seed: int) -> tuple[float, float]:
        begun = time.perf_counter()
        shared = policy.decide(observations, seed).uncertainty_s
        whole = time.perf_counter() - begun
        return whole - shared, shared or whole

    inference, uncertainty = zip(*repeated(once, options), strict=True)
    return {f"{name} inference": list(inference), f"{name} uncertainty": list(uncertainty)}


@torch.no_grad()
def partition_functions(policy: ImplicitPolicy, observations: NDArray[np.float32]) -> torch.Tensor:
    """log Z of both members, (2, N), by annealed importance sampling: the way that Identity 1 saves."""
    draws = torch.Generator(device()).manual_seed(0)
    states = torch.tensor(observations, device=device())
    found = []
    for member in (0, 1):
        network = policy.network(member)
        size = policy.config.network.action_size
        energy = fast_energy(network.head)
        found.append(
            partition_function(
                energy, network.encode(states), -1.0, 1.0, generator=draws, action_size=size
            ).log_z
        )
    return torch.stack(found)


def summary(name: str, column: list[float]) -> dict[str, Any]:
    """Mean, sample standard deviation (0 for one value) and the paper's beside them."""
    return {
        "mean_s": statistics.fmean(column),
        "sd_s": statistics.stdev(column) if len(column) > 1 else 0.0,
        "n": len(column),
        "paper_mean_s": PAPER[name][0] if name in PAPER else None,
        "paper_sd_s": PAPER[name][1] if name in PAPER else None,
    }


def lines(figures: dict[str, dict[str, Any]]) -> list[str]:
    """A table for people."""
    result = ["| | paper [s] | here [s] | n |", "|---|---:|---:|---:|"]
    for name, row in figures.items():
        paper = "" if row["paper_mean_s"] is None else f"{row['paper_mean_s']:.4f} ± {row['paper_sd_s']:.4f}"
        spread = f" ± {row['sd_s']:.4f}" if row["n"] > 1 else ""
        result.append(f"| {name} | {paper} | {row['mean_s']:.4f}{spread} | {row['n']} |")
    return result
