"""Pairs of energies whose Jeffreys divergence is known, by closed form or by quadrature."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from policy.energy import Energy

Density = Callable[[Tensor], Tensor]
"""Energy of actions, (..., A), as (...): one state's."""


def gaussian(mean: list[float], sigma: float | list[float], offset: float = 0.0) -> Density:
    """An axis-aligned Gaussian, not normalised."""

    def energy(actions: Tensor) -> Tensor:
        apart = (actions - actions.new_tensor(mean)) / actions.new_tensor(sigma)
        return 0.5 * apart.square().sum(-1) + offset

    return energy


def correlated(mean: list[float], covariance: Tensor) -> Density:
    """A Gaussian of any covariance, (A, A), not normalised."""
    precision = torch.linalg.inv(covariance.double())

    def energy(actions: Tensor) -> Tensor:
        apart = actions - actions.new_tensor(mean)
        return 0.5 * torch.einsum("...i,ij,...j->...", apart, precision.to(apart), apart)

    return energy


def rotated(mean: list[float], long: float, short: float, angle: float) -> Density:
    """A Gaussian in two dimensions, `long` along angle [rad] and `short` across."""
    c, s = math.cos(angle), math.sin(angle)
    turn = torch.tensor([[c, -s], [s, c]], dtype=torch.float64)
    return correlated(mean, turn @ torch.diag(torch.tensor([long, short]).double().square()) @ turn.T)


def ring(radius: float, sigma: float) -> Density:
    """Mass all round the origin of a plane."""

    def energy(actions: Tensor) -> Tensor:
        return 0.5 * ((actions.square().sum(-1) + 1e-12).sqrt() - radius).square() / sigma**2

    return energy


def mixture(shares: list[float], parts: list[tuple[list[float], float]]) -> Density:
    """Gaussians (mean, sigma), normalised, with shares of the mass."""

    def energy(actions: Tensor) -> Tensor:
        logs = [
            math.log(share)
            - gaussian(mean, sigma)(actions)
            - len(mean) * math.log(sigma * math.sqrt(2 * math.pi))
            for share, (mean, sigma) in zip(shares, parts, strict=True)
        ]
        return -torch.stack(logs).logsumexp(0)

    return energy


@dataclass(frozen=True)
class Pair:
    """Two energies of one state in a box."""

    p: Density
    q: Density
    low: list[float]
    high: list[float]

    @cached_property
    def truth(self) -> float:
        """The divergence [nats], by quadrature where there is no closed form."""
        return quadrature(self.p, self.q, self.low, self.high)


def quadrature(p: Density, q: Density, low: list[float], high: list[float], points: int = 0) -> float:
    """Identity 1 on a grid of midpoints, in one or two dimensions."""
    points = points or (20001 if len(low) == 1 else 801)
    lines = [
        a + (torch.arange(points, dtype=torch.float64) + 0.5) / points * (b - a)
        for a, b in zip(low, high, strict=True)
    ]
    grid = torch.cartesian_prod(*lines).reshape(-1, len(low))
    energy_p, energy_q = p(grid), q(grid)
    weights = torch.softmax(-energy_p, -1) - torch.softmax(-energy_q, -1)
    return float((weights * (energy_q - energy_p)).sum())


def batch(densities: list[Density]) -> Energy:
    """One energy for many states: state i, (B, 1), picks density i; rows may come in any order and number."""

    def energy(states: Tensor, actions: Tensor) -> Tensor:
        rows = [densities[int(state)](row) for state, row in zip(states[:, 0], actions, strict=True)]
        return torch.stack(rows)

    return energy


def numbers(count: int) -> Tensor:
    """States, (count, 1), for `batch`."""
    return torch.arange(count, dtype=torch.float32)[:, None]


SQUARE = ([-1.0, -1.0], [1.0, 1.0])
FLAT: dict[str, Pair] = {
    "equal sigmas, shifted means": Pair(gaussian([0, 0], 0.2), gaussian([0.2, 0.1], 0.2), *SQUARE),
    "sharper": Pair(gaussian([0, 0], 0.1), gaussian([0, 0], 0.2), *SQUARE),
    "sharper and shifted": Pair(gaussian([0, 0], 0.1), gaussian([0.2, 0], 0.2), *SQUARE),
    "two modes": Pair(
        mixture([0.5, 0.5], [([-0.5, 0], 0.1), ([0.5, 0], 0.1)]),
        mixture([0.85, 0.15], [([-0.5, 0], 0.1), ([0.5, 0], 0.1)]),
        *SQUARE,
    ),
    "broad, cut by the box": Pair(gaussian([0.5, 0], 1.0), gaussian([-0.5, 0], 2.0), *SQUARE),
    "peak near a bound": Pair(gaussian([0.95, 0.95], 0.1), gaussian([0.8, 0.9], 0.1), *SQUARE),
    "sigma 0.02": Pair(gaussian([0.1, 0], 0.02), gaussian([0.12, 0], 0.03), *SQUARE),
    "sigma 0.01": Pair(gaussian([0.3, -0.6], 0.01), gaussian([0.31, -0.6], 0.015), *SQUARE),
    "rotated": Pair(
        rotated([0, 0], 0.4, 0.03, math.pi / 4), rotated([0.05, 0], 0.4, 0.04, math.pi / 4), *SQUARE
    ),
    "rings": Pair(ring(0.6, 0.03), ring(0.63, 0.04), *SQUARE),
    "five modes": Pair(
        mixture([0.2] * 5, [([x, 0.4 * x], 0.05) for x in (-0.8, -0.4, 0.0, 0.4, 0.8)]),
        mixture([0.3, 0.1, 0.2, 0.3, 0.1], [([x, 0.4 * x], 0.06) for x in (-0.8, -0.4, 0.0, 0.4, 0.8)]),
        *SQUARE,
    ),
}
"""In the square [-1, 1]^2; the first six are those that samplers are known to fail on."""

ELSEWHERE: dict[str, Pair] = {
    "[0, 3]": Pair(gaussian([0.1, 2.0], 0.15), gaussian([0.3, 1.9], 0.2), [0.0, 0.0], [3.0, 3.0]),
    "[-5, 2]": Pair(gaussian([-4, 1.8], 0.3), gaussian([-4.2, 1.6], 0.4), [-5.0, -5.0], [2.0, 2.0]),
    "bounds of each component": Pair(
        gaussian([0.01, 40], [0.002, 5]), gaussian([0.012, 43], [0.003, 6]), [0.0, -100.0], [0.1, 100.0]
    ),
    "one dimension": Pair(
        mixture([0.7, 0.3], [([0.5], 0.1), ([2.0], 0.3)]), gaussian([1.0], 0.8), [0.0], [3.0]
    ),
}


def product(parts: list[Density]) -> Density:
    """Independent components, each with a density of its own in one dimension."""

    def energy(actions: Tensor) -> Tensor:
        return torch.stack([part(actions[..., i : i + 1]) for i, part in enumerate(parts)]).sum(0)

    return energy


def gaussian_truth(shift: Tensor, covariance_p: Tensor, covariance_q: Tensor) -> float:
    """Closed form for Gaussians that a box does not cut: shift (A,) of the means, covariances (A, A)."""
    inverse_p, inverse_q = torch.linalg.inv(covariance_p), torch.linalg.inv(covariance_q)
    spread = torch.trace(inverse_q @ covariance_p + inverse_p @ covariance_q) - 2 * len(shift)
    return float(0.5 * spread + 0.5 * shift @ (inverse_p + inverse_q) @ shift)


def _eight() -> tuple[dict[str, Pair], dict[str, float]]:
    low, high = [-1.0] * 8, [1.0] * 8
    places = torch.arange(8, dtype=torch.float64)
    covariance = 0.15**2 * 0.7 ** (places[:, None] - places).abs()
    shift = 0.05 * torch.cos(places)
    pairs = {
        "8-D, sigma 0.05": Pair(gaussian([0.2] * 8, 0.05), gaussian([0.22] * 8, 0.06), low, high),
        "8-D, correlated": Pair(
            correlated([0.0] * 8, covariance), correlated(shift.tolist(), 1.3 * covariance), low, high
        ),
    }
    truths = {
        "8-D, sigma 0.05": gaussian_truth(
            torch.full((8,), 0.02).double(), 0.05**2 * torch.eye(8).double(), 0.06**2 * torch.eye(8).double()
        ),
        "8-D, correlated": gaussian_truth(shift, covariance, 1.3 * covariance),
    }
    parts_p: list[Density] = [gaussian([0.1 * i - 0.4], 0.3) for i in range(7)]
    parts_q: list[Density] = [gaussian([0.1 * i - 0.35], 0.35) for i in range(7)]
    parts_p.append(mixture([0.6, 0.4], [([-0.5], 0.15), ([0.5], 0.15)]))
    parts_q.append(mixture([0.4, 0.6], [([-0.5], 0.15), ([0.5], 0.15)]))
    pairs["8-D, product with two modes"] = Pair(product(parts_p), product(parts_q), low, high)
    truths["8-D, product with two modes"] = sum(
        quadrature(p, q, [-1.0], [1.0]) for p, q in zip(parts_p, parts_q, strict=True)
    )
    return pairs, truths


EIGHT, EIGHT_TRUTHS = _eight()
"""Eight components in [-1, 1]; the divergence of a product is the sum of its factors'."""
