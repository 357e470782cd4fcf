"""The paper's Table 5 beside ours: seconds of training, inference and uncertainty for 100 robots.

Networks, fleet and batch are those of the paper's Ant benchmark; data are synthetic (`problem.py`), as times
do not depend on what the numbers mean. The paper's times were taken on a Tesla V100. Where our default does
something else than the paper, the published way through our code stands beside it ("Table 3").
"""

import statistics
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from iifl_server.experiments.performance.common import Options, Show, prepare, time_s
from iifl_server.experiments.performance.problem import make_problem
from policy import ExplicitPolicy, ImplicitPolicy, NetworkConfig, PolicyConfig, TrainingConfig, train
from policy.energy import fast_energy
from policy.learning import published
from policy.uncertainty import partition_function

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


def run(options: Options, show: Show) -> dict[str, Any]:
    """Measure; full size in under ten minutes on two idle cores."""
    found = prepare(options, show)
    robots, batch, width = (10, 32, 32) if options.smoke else (100, 512, 256)
    problem = make_problem(options.seed, samples=max(batch, 256), held_out=robots)
    network = NetworkConfig((60,), 8, width=width, spectral_norm=True, normalise=True)
    ensemble = ExplicitPolicy(PolicyConfig(network, members=5), seed=options.seed)
    policy = ImplicitPolicy(PolicyConfig(network, members=2), seed=options.seed, temperature=0.0)
    default = TrainingConfig(2 if options.smoke else 20, batch, fold=0)
    table5 = replace(published(2, batch), fold=0)
    seeds = range(options.seed, options.seed + options.repeats)

    train(ensemble, problem.train, replace(default, updates=1), seed=0)  # first calls pay for their libraries
    train(policy, problem.train, replace(default, updates=1), seed=0)

    def steps(trained: Any, config: TrainingConfig) -> list[float]:
        """Seconds of one update of all members, one value for each repeat."""
        reports = [train(trained, problem.train, config, seed=seed) for seed in seeds]
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
    decide = 3 if options.smoke else 4 * options.repeats
    times |= decisions("IFL", ensemble, observations, decide)
    times |= decisions("IIFL", policy, observations, decide)
    chains = ImplicitPolicy(policy.config, sampler="published")
    chains.load_state_dict(policy.state_dict())
    times |= {
        f"{name}, Table 3": column for name, column in decisions("IIFL", chains, observations, 1).items()
    }
    times["partition function"] = [time_s(lambda: partition_functions(policy, observations)) for _ in seeds]
    figures = {name: summary(name, column) for name, column in times.items()}
    for line in lines(figures):
        show(line)
    show("IIFL inference and uncertainty share samples: uncertainty is what both need, inference the rest.")
    return {"machine": found, "times": figures}


def decisions(
    name: str, policy: ExplicitPolicy | ImplicitPolicy, observations: NDArray[np.float32], repeats: int
) -> Times:
    """Seconds of inference and of uncertainty, for all robots at once.

    Mean and variance of an explicit ensemble come from one forward pass, so either is the whole of it.
    """
    if repeats > 1:
        policy.decide(observations, 0)
    inference, uncertainty = [], []
    for seed in range(repeats):
        begun = time.perf_counter()
        shared = policy.decide(observations, seed).uncertainty_s
        whole = time.perf_counter() - begun
        uncertainty.append(shared or whole)
        inference.append(whole - shared)
    return {f"{name} inference": inference, f"{name} uncertainty": uncertainty}


@torch.no_grad()
def partition_functions(policy: ImplicitPolicy, observations: NDArray[np.float32]) -> torch.Tensor:
    """log Z of both members, (2, N), by annealed importance sampling: the way that Identity 1 saves."""
    draws = torch.Generator().manual_seed(0)
    states = torch.tensor(observations)
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
        result.append(f"| {name} | {paper} | {row['mean_s']:.4f} ± {row['sd_s']:.4f} | {row['n']} |")
    return result
