"""Importance samples that close in on both densities, round after round, however sharp those are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.importance import ImportanceSamples, evaluated, systematic, weighted

_EDGE = 1e-7  # How near to a bound an action counts as being there, in box widths.
_TOGETHER = 128  # States at a time: distances of all actions to all kernels are held at once.
_MILDEST = -40.0  # Exponent of 2 of the smallest inverse temperature that is looked at.
_RIDGE = 1e-3  # Added to each component's variance, in proportion: keeps covariances of few actions regular.


@dataclass(frozen=True)
class PopulationConfig:
    """Work for one state: at most rounds x members x samples energies of each member, no slopes."""

    rounds: int = 10
    """At most so many; a state that has enough effective samples takes part in no more."""
    samples: int = 128
    """Actions of one round, from each member's kernels."""
    centres: int = 64
    """Kernels of each member that a round draws from."""
    bandwidth: float = 0.8
    """Width of a kernel, in standard deviations of the tempered density."""
    tempered: float = 25.0
    """Each round draws from the coldest density of which so many samples are effective already."""
    enough: float = 300.0
    """Effective samples of each energy after which a state is left alone."""

    def __post_init__(self) -> None:
        if self.rounds < 1 or min(self.samples, self.centres) < 2:
            raise InputError(
                f"rounds {self.rounds} must be at least 1, samples {self.samples} and centres {self.centres} "
                "at least 2"
            )
        if not (self.bandwidth > 0 and self.tempered > 1 and self.enough > 1):
            raise InputError(
                f"bandwidth {self.bandwidth} must be above 0, tempered {self.tempered} and enough "
                f"{self.enough} above 1"
            )


@torch.no_grad()
def population(
    first: ImportanceSamples,
    energies: Sequence[Energy],
    states: Sequence[Tensor],
    low: Tensor,
    high: Tensor,
    generator: torch.Generator,
    config: PopulationConfig | None = None,
) -> ImportanceSamples:
    """Weighted actions for M energies at once: those of `first`, which are uniform, and those of every round.

    Each round does the same for each energy: it weighs all actions so far by exp(-b E), with b from 0 to 1 as
    large as those actions bear, draws centres by these weights, and new actions from Gaussian kernels round
    them that share the weighted covariance. All rounds then count as one sample of their mixture (adaptive
    multiple importance sampling: Cornuet, Marin, Mira and Robert, 2012), never less than the uniform
    density's share. Kernels live where each component of the box is mapped to the real line by the normal
    quantile function: none is cut by a bound, and uniform actions are a standard normal there. states: of
    each energy, (B, ...). low, high: (A,). All states get as many actions as the one that took most rounds;
    the others' last places repeat their highest one, with weight 0. Raises InputError for energies that are
    not finite, naming the state.
    """
    config = config or PopulationConfig()
    parts: list[tuple[Tensor, _Pool]] = []
    numbers = torch.arange(len(first.actions), device=first.actions.device)
    for some in torch.split(numbers, _TOGETHER):
        pool = _Pool.of(first.of(some), low, high)
        parts += _closed_in(pool, some, energies, states, (low, high), generator, config)
    return _together(parts, low, high)


def _closed_in(
    pool: "_Pool",
    active: Tensor,
    energies: Sequence[Energy],
    states: Sequence[Tensor],
    box: tuple[Tensor, Tensor],
    generator: torch.Generator,
    config: PopulationConfig,
) -> list[tuple[Tensor, "_Pool"]]:
    """All rounds of the states numbered active, in parts that took equally many."""
    parts = []
    for _ in range(config.rounds):
        done = pool.effective().amin(dim=0) >= config.enough  # (b,)
        if done.any():
            parts.append((active[done], pool.rows(done)))
            active, pool = active[~done], pool.rows(~done)
        if not len(active):
            return parts
        kernels = tuple(_kernels(pool, member, config, generator) for member in range(len(energies)))
        new = torch.cat([part.draw(config.samples, generator) for part in kernels], dim=1)
        pool = pool.joined(new, kernels, energies, [state[active] for state in states], box)
    return [*parts, (active, pool)]


@dataclass(frozen=True)
class _Kernels:
    """One member's density of a round: equal Gaussians on the real line of each component."""

    centres: Tensor  # (b, C, A)
    chosen: Tensor  # (b, C), which actions of the pool they are
    factor: Tensor  # (b, A, A), lower: the covariance's
    whitened: Tensor  # (b, C, A)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        batch, kernels, size = self.centres.shape
        pick = torch.arange(count, device=self.centres.device) % kernels
        noise = torch.randn((batch, count, size), generator=generator, device=generator.device)
        return self.centres[:, pick] + noise @ self.factor.transpose(1, 2)

    def log_density(self, points: Tensor, own: bool = False) -> Tensor:
        """At points of the real line, (b, K, A), relative to the standard normal density: (b, K).

        own: the points begin with the pool that the centres are from. None of them counts its own kernel
        then: it would seem likelier, and weigh less, just because its weight had made it a centre.
        """
        whitened = _whiten(self.factor, points)
        distance = torch.cdist(whitened, self.whitened, compute_mode="use_mm_for_euclid_dist")
        logs = -0.5 * distance.square()  # (b, K, C)
        kernels = torch.full_like(logs[..., 0], float(self.centres.shape[1]))  # that count, (b, K)
        if own:
            number = torch.arange(self.centres.shape[1], device=points.device)
            rows = torch.arange(len(points), device=points.device)[:, None]
            logs[rows, self.chosen, number] = -math.inf
            kernels.scatter_add_(1, self.chosen, kernels.new_full(self.chosen.shape, -1.0))
        volume = torch.diagonal(self.factor, dim1=1, dim2=2).log().sum(dim=1, keepdim=True)
        logarithm = torch.logsumexp(logs, dim=2) - kernels.clamp_min(1.0).log()
        return logarithm - volume + 0.5 * points.square().sum(dim=-1)

    def rows(self, chosen: Tensor) -> "_Kernels":
        return _Kernels(self.centres[chosen], self.chosen[chosen], self.factor[chosen], self.whitened[chosen])


@dataclass(frozen=True)
class _Pool:
    """All actions so far, of the states that are still at it."""

    actions: Tensor  # (b, K, A)
    points: Tensor  # (b, K, A), the same on the real line
    energies: Tensor  # (M, b, K)
    shares: Tensor  # (b, K): log of the sum over kernels of actions drawn x density, relative to uniform
    kernels: tuple[_Kernels, ...]  # of all rounds and members
    drawn: tuple[int, ...]  # actions of the first stage, and from each of the kernels

    @classmethod
    def of(cls, first: ImportanceSamples, low: Tensor, high: Tensor) -> "_Pool":
        unit = ((first.actions - low) / (high - low)).double().clamp(_EDGE, 1.0 - _EDGE)
        points = torch.special.ndtri(unit).to(first.actions.dtype)
        count = first.actions.shape[1]
        shares = torch.full_like(first.energies[0], math.log(count))
        return cls(first.actions, points, first.energies, shares, (), (count,))

    @property
    def log_density(self) -> Tensor:
        return self.shares - math.log(sum(self.drawn))

    def effective(self) -> Tensor:
        """(M, b)."""
        return 1.0 / torch.softmax(-self.energies - self.log_density, dim=-1).square().sum(dim=-1)

    def rows(self, chosen: Tensor) -> "_Pool":
        return _Pool(
            self.actions[chosen],
            self.points[chosen],
            self.energies[:, chosen],
            self.shares[chosen],
            tuple(kernels.rows(chosen) for kernels in self.kernels),
            self.drawn,
        )

    def joined(
        self,
        points: Tensor,
        kernels: tuple[_Kernels, ...],
        energies: Sequence[Energy],
        states: Sequence[Tensor],
        box: tuple[Tensor, Tensor],
    ) -> "_Pool":
        """With a round's actions, as many from each of its kernels, whose densities count from now on."""
        low, high = box
        unit = torch.special.ndtr(points.double()).to(points.dtype)
        actions = torch.minimum(torch.maximum(low + unit * (high - low), low), high)
        count = points.shape[1] // len(kernels)
        before = torch.full_like(points[..., 0], math.log(self.drawn[0]))
        for earlier, drawn in zip(self.kernels, self.drawn[1:], strict=True):
            before = torch.logaddexp(before, earlier.log_density(points) + math.log(drawn))
        every = torch.cat([self.points, points], dim=1)
        shares = torch.cat([self.shares, before], dim=1)
        for part in kernels:
            shares = torch.logaddexp(shares, part.log_density(every, own=True) + math.log(count))
        return _Pool(
            torch.cat([self.actions, actions], dim=1),
            every,
            torch.cat([self.energies, evaluated(energies, states, actions)], dim=-1),
            shares,
            (*self.kernels, *kernels),
            (*self.drawn, *(count for _ in kernels)),
        )


def _kernels(pool: _Pool, member: int, config: PopulationConfig, generator: torch.Generator) -> _Kernels:
    weights = _tempered(pool.energies[member], pool.log_density, config.tempered)  # (b, K)
    mean = (weights[..., None] * pool.points).sum(dim=1, keepdim=True)
    apart = pool.points - mean
    covariance = torch.einsum("bk,bki,bkj->bij", weights, apart, apart).double()
    variance = torch.diagonal(covariance, dim1=1, dim2=2)
    covariance = covariance + torch.diag_embed(_RIDGE * variance + 1e-12)
    factor = (config.bandwidth * torch.linalg.cholesky(covariance)).to(apart.dtype)
    chosen = systematic(weights, config.centres, generator)
    centres = pool.points.gather(1, chosen[..., None].expand(-1, -1, apart.shape[2]))
    return _Kernels(centres, chosen, factor, _whiten(factor, centres))


def _tempered(energies: Tensor, log_density: Tensor, wanted: float) -> Tensor:
    """Weights, (b, K), by exp(-b E) with b from 0 to 1 as large as leaves so many actions effective."""

    def weigh(cold: Tensor) -> Tensor:
        return torch.softmax(-cold[:, None] * energies - log_density, dim=1)

    def bears(weights: Tensor) -> Tensor:
        return 1.0 / weights.square().sum(dim=1) >= wanted  # (b,)

    least = torch.full_like(energies[:, 0], _MILDEST)
    most = torch.zeros_like(least)
    for _ in range(12):  # of the exponent: energies may span a few units or many millions
        middle = 0.5 * (least + most)
        enough = bears(weigh(middle.exp2()))
        least, most = torch.where(enough, middle, least), torch.where(enough, most, middle)
    coldest = weigh(torch.ones_like(least))
    return torch.where(bears(coldest)[:, None], coldest, weigh(least.exp2()))


def _whiten(factor: Tensor, points: Tensor) -> Tensor:
    whitened: Tensor = torch.linalg.solve_triangular(factor, points.transpose(1, 2), upper=False)
    return whitened.transpose(1, 2)


def _together(parts: list[tuple[Tensor, _Pool]], low: Tensor, high: Tensor) -> ImportanceSamples:
    """One result for all states, in their order."""
    width = max(pool.actions.shape[1] for _, pool in parts)
    padded = [_padded(weighted(p.actions, p.energies, p.log_density, low, high), width) for _, p in parts]
    together = ImportanceSamples(
        torch.cat([part.actions for part in padded]),
        torch.cat([part.energies for part in padded], dim=1),
        torch.cat([part.weights for part in padded], dim=1),
        torch.cat([part.log_z for part in padded], dim=1),
        torch.cat([part.log_density for part in padded]),
    )
    return together.of(torch.argsort(torch.cat([rows for rows, _ in parts])))


def _padded(samples: ImportanceSamples, width: int) -> ImportanceSamples:
    """With the highest action of each state repeated, at weight 0, until there are so many."""
    missing = width - samples.actions.shape[1]
    highest = samples.energies[0].argmax(dim=1)[:, None].expand(-1, missing)  # (b, missing)
    filler = samples.actions.gather(1, highest[..., None].expand(-1, -1, samples.actions.shape[2]))
    values = samples.energies.gather(2, highest.expand(len(samples.energies), -1, -1))
    return ImportanceSamples(
        torch.cat([samples.actions, filler], dim=1),
        torch.cat([samples.energies, values], dim=2),
        torch.nn.functional.pad(samples.weights, (0, missing)),
        samples.log_z,
        torch.nn.functional.pad(samples.log_density, (0, missing), value=math.inf),
    )
