"""One gradient step, and what the weights are worth after some hundreds: ours beside the published recipe.

Quality is judged where both recipes have learned enough to differ: an easy problem, small batches, and the
learning rate and schedule under which the published recipe came furthest (of 1e-3, 3e-3 and 6e-3 in one
cycle, on seeds that are not judged).
"""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from iifl_server.bench.common import Options, Show, device, medians_s, prepare
from iifl_server.bench.problem import Problem, make_problem
from iifl_server.bench.published import PlainEnergy, plain_langevin
from policy.energy.config import NetworkConfig, PolicyConfig
from policy.energy.network import EnergyNetwork
from policy.energy.precision import uses_bfloat16
from policy.implicit import ImplicitPolicy
from policy.learning.config import TrainingConfig, published, refined
from policy.learning.evaluation import HeldOut, evaluate
from policy.learning.losses import gradient_penalty, info_nce
from policy.learning.objective import objective
from policy.learning.trainer import train
from policy.sampling import PUBLISHED_CODE

_MEMBERS = 2
_COUNTER_EXAMPLES = 8
_GOALS = (10.0, 25.0)  # Times as fast: at least, and towards.
MARGIN = 0.05
"""Most that counts as no worse: a share of the published recipe's error, or of the nats that it learned."""


@dataclass(frozen=True)
class _Size:
    """Of one scale."""

    network: NetworkConfig
    batch: int
    """Of the step that is timed."""
    updates: int
    """Of the trainings that are judged."""
    small_batch: int
    """Of those trainings, so that the published recipe can finish."""
    samples: int
    held_out: int
    seeds: int
    learning_rate: float
    """Of both recipes."""


_FULL = _Size(NetworkConfig((60,), 8, spectral_norm=True), 512, 400, 16, 4096, 256, 3, 3e-3)
_SMOKE = _Size(
    NetworkConfig((6,), 2, width=32, state_depth=3, spectral_norm=True), 16, 200, 32, 512, 128, 3, 5e-3
)


def run(options: Options, show: Show) -> dict[str, Any]:
    """Time one step of both members, then judge what the weights of both recipes are worth."""
    figures: dict[str, Any] = {"machine": prepare(options, show)}
    size = _SMOKE if options.smoke else _FULL
    net = size.network
    show(
        f"{_MEMBERS} members of {net.head_depth} x {net.width} with spectral norm, S = {net.encoded_size}, "
        f"A = {net.action_size}, batch {size.batch}"
    )
    figures |= _speed(size, options, show)
    return figures | _quality(size, options, show)


def _speed(size: _Size, options: Options, show: Show) -> dict[str, Any]:
    place = device()
    draws = torch.Generator(place).manual_seed(options.seed)
    states = torch.randn((size.batch, size.network.encoded_size), generator=draws, device=place)
    actions = torch.rand((size.batch, size.network.action_size), generator=draws, device=place) * 2.0 - 1.0
    ours = refined(1, size.batch)
    same = replace(ours, counter_examples=replace(ours.counter_examples, langevin=PUBLISHED_CODE))
    steps = {
        "baseline_s": _plain_step(size, states, actions, draws),
        "same_algorithm_s": _our_step(size, states, actions, draws, same),
        "ours_s": _our_step(size, states, actions, draws, ours),
    }
    steps["ours_s"]()  # what is slow the first time only
    times = medians_s(steps, min(options.repeats, 3))
    ratios = {
        "ratio": times["baseline_s"] / times["ours_s"],
        "same_algorithm_ratio": times["baseline_s"] / times["same_algorithm_s"],
    }
    goal = f"at least {_GOALS[0]:g}, towards {_GOALS[1]:g}"
    verdict = f"{'PASS' if ratios['ratio'] >= _GOALS[0] else 'short'}: {goal}"
    show(f"median of {min(options.repeats, 3)}, in turns:")
    show(f"  {times['baseline_s']:8.3f} s  plain published step: 50 Langevin iterations, create_graph")
    show(
        f"  {times['same_algorithm_s']:8.3f} s  the same algorithm by our arithmetic: "
        f"{ratios['same_algorithm_ratio']:.1f} times as fast"
    )
    show(f"  {times['ours_s']:8.3f} s  {_describe(ours)}: {ratios['ratio']:.1f} times as fast ({verdict})")
    return {**times, **ratios}


def _describe(config: TrainingConfig) -> str:
    chosen = config.counter_examples
    return f"{chosen.count} counter-examples of {chosen.langevin.iterations} long strides"


def _plain_step(size: _Size, states: Tensor, actions: Tensor, draws: torch.Generator) -> Callable[[], object]:
    """The step of both members as one would write it first: modules, autograd, one thing after the other."""
    torch.manual_seed(0)
    members = [PlainEnergy(EnergyNetwork(size.network)).to(device()) for _ in range(_MEMBERS)]
    optimizers = [torch.optim.Adam(member.parameters(), 5e-4) for member in members]
    chains = replace(PUBLISHED_CODE, samples=_COUNTER_EXAMPLES)

    def step() -> None:
        for member, optimizer in zip(members, optimizers, strict=True):
            member.eval()
            negatives = plain_langevin(member, states, actions.shape[1], draws, chains)
            member.train()
            energies = member(states, torch.cat([actions[:, None], negatives], dim=1))
            loss = info_nce(energies[:, 0], energies[:, 1:]) + gradient_penalty(member, states, negatives)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    return step


def _our_step(
    size: _Size, states: Tensor, actions: Tensor, draws: torch.Generator, config: TrainingConfig
) -> Callable[[], object]:
    """The step of both members as `train` makes it."""
    torch.manual_seed(0)
    members = [EnergyNetwork(size.network).to(device()) for _ in range(_MEMBERS)]
    optimizers = [torch.optim.AdamW(member.parameters(), 5e-4, foreach=True) for member in members]
    half = uses_bfloat16(config.precision, device())

    def step() -> None:
        for member, optimizer in zip(members, optimizers, strict=True):
            made = objective(member, states, actions, config.counter_examples, draws, half=half)
            optimizer.zero_grad(set_to_none=True)
            made.total.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    return step


def _quality(size: _Size, options: Options, show: Show) -> dict[str, Any]:
    """Both recipes from the same first weights on the same data; actions are minima, by the same search."""
    plain = published(size.updates, size.small_batch)
    plain = replace(
        plain,
        precision="float32",
        counter_examples=replace(plain.counter_examples, langevin=PUBLISHED_CODE),
    )
    recipes = {"ours": refined(size.updates, size.small_batch), "published": plain}
    recipes = {
        name: replace(recipe, learning_rate=size.learning_rate, step_decay=None)  # None: one cycle
        for name, recipe in recipes.items()
    }
    show(
        f"quality after {size.updates} updates at batch {size.small_batch}, {size.samples} samples, "
        f"{size.held_out} held out; both recipes by our trainer, the published one in float32:"
    )
    found: dict[str, list[Judged]] = {name: [] for name in recipes}
    for seed in range(options.seed, options.seed + size.seeds):
        problem = make_problem(
            seed,
            samples=size.samples,
            held_out=size.held_out,
            state_size=size.network.encoded_size,
            action_size=size.network.action_size,
            freedoms=2,
        )
        for name, recipe in recipes.items():
            found[name].append(_judge(size, problem, recipe, seed))
            last = found[name][-1]
            show(
                f"  seed {seed} {name:<9} held-out NLL {last.nll:7.3f} ± {last.nll_error:.3f} nats (of the "
                f"data {problem.nll:.3f}), action error {last.action_error:.3f}, "
                f"to the nearest answer {last.answer_error:.3f}"
            )
    return compare(found, size.network.action_size, show)


@dataclass(frozen=True)
class Judged(HeldOut):
    """Errors of one training on held-out samples."""

    answer_error: float = math.nan
    """Mean distance between the policy's action and the nearest of what supervisors answer [action units]:
    that to the action which one of them took is half decided by who it was."""


def _judge(size: _Size, problem: Problem, recipe: TrainingConfig, seed: int) -> Judged:
    config = PolicyConfig(size.network, members=1, bootstrap=False)
    policy = ImplicitPolicy(config, seed=seed, temperature=0.0).to(device())
    trained = train(policy, problem.train, recipe, seed=seed).policy
    states = problem.held_out.observations
    found = evaluate(trained, states, problem.held_out.actions)
    chosen = trained.decide(states, 0).actions
    nearest = np.linalg.norm(chosen[:, None] - problem.answers, axis=-1).min(axis=1)
    return Judged(found.action_error, found.nll, found.nll_error, float(nearest.mean()))


def compare(found: dict[str, list[Judged]], action_size: int, show: Show) -> dict[str, Any]:
    """Means of both recipes, by seed, and whether ours is no worse in each of the three errors."""
    figures: dict[str, Any] = {"gates": {}}
    for name, attribute, text in (
        ("heldout_nll", "nll", "held-out NLL"),
        ("action_error", "action_error", "action error"),
        ("answer_error", "answer_error", "error to the nearest answer"),
    ):
        ours, plain = (
            [float(getattr(errors, attribute)) for errors in found[key]] for key in ("ours", "published")
        )
        mean, baseline = statistics.fmean(ours), statistics.fmean(plain)
        whole = action_size * math.log(2.0) - baseline if attribute == "nll" else baseline
        difference, error, passes = no_worse(ours, plain, MARGIN * whole)
        figures |= {
            name: mean,
            f"{name}_baseline": baseline,
            f"{name}_seeds": ours,
            f"{name}_baseline_seeds": plain,
        }
        figures["gates"][name] = passes
        show(
            f"  {'PASS ' if passes else 'short'} {text}: ours {mean:.3f}, published {baseline:.3f}, "
            f"difference {difference:+.3f} (standard error {error:.3f}, margin {MARGIN * whole:.3f})"
        )
    show("  no worse: not above in the mean, or by at most two standard errors and within the margin")
    return figures


def no_worse(ours: list[float], plain: list[float], margin: float) -> tuple[float, float, bool]:
    """Mean difference of paired errors, its standard error (0 for one pair), and whether it passes.

    It does where the mean is not above 0, or is by at most two standard errors and by no more than the
    margin: a wide spread alone excuses nothing.
    """
    gaps = [one - other for one, other in zip(ours, plain, strict=True)]
    mean = statistics.fmean(gaps)
    error = statistics.stdev(gaps) / math.sqrt(len(gaps)) if len(gaps) > 1 else 0.0
    return mean, error, mean <= 0.0 or mean <= min(2.0 * error, margin)
