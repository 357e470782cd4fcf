"""Figure 2: the divergence of two Gaussian energies over the states, by numerical integration.

    .venv/bin/python tests/benchmarks/figure_2.py [--out docs/images/figure-2.png]

Each energy is a negated Gaussian density over (s, a) with unit variance, one with an offset of -100. Nothing
is drawn at random. Printed are where the divergence peaks, and how far it moves with the offset.
"""

import argparse
import math
import sys
from pathlib import Path

import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

MEANS = (-2.0, 2.0)
"""Of the two Gaussians along the state; along the action both are centred."""
EXTENT = 4.0
"""States and actions lie in [-4, 4]."""


def energy(states: Tensor, actions: Tensor, mean: float, offset: float = 0.0) -> Tensor:
    """A negated Gaussian density over states, (B, 1), and actions, (B, K, 1), plus an offset."""
    apart = (states - mean).square() + actions[..., 0].square()
    return offset - torch.exp(-0.5 * apart) / (2 * math.pi)


def curve(offset: float, states: int = 161, actions: int = 4001) -> tuple[Tensor, Tensor]:
    """States, (B,), and the divergence at each, (B,), by Identity 1 with integrals over actions.

    offset: added to the first energy.
    """
    places = torch.linspace(-EXTENT, EXTENT, states, dtype=torch.float64)
    line = torch.linspace(-EXTENT, EXTENT, actions, dtype=torch.float64)
    grid = line[None, :, None].expand(states, -1, -1)
    first = energy(places[:, None], grid, MEANS[0], offset)
    second = energy(places[:, None], grid, MEANS[1])

    def density(values: Tensor) -> Tensor:
        mass = torch.exp(values.amin(dim=1, keepdim=True) - values)
        return mass / torch.trapezoid(mass, line, dim=1)[:, None]

    gap = second - first
    own = torch.trapezoid(density(first) * gap, line, dim=1)
    other = torch.trapezoid(density(second) * -gap, line, dim=1)
    return places, own + other


def plot(path: Path) -> None:
    """Both energies beside the divergence."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    line = torch.linspace(-EXTENT, EXTENT, 201, dtype=torch.float64)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for mean, colour, label in zip(MEANS, ("Greens", "Purples"), ("$E_1$", "$E_2$"), strict=True):
        values = -energy(line[:, None], line[None, :, None].expand(201, -1, -1), mean)  # (s, a)
        left.contour(line, line, values.T, levels=6, cmap=colour)
        left.annotate(label, (mean, 1.9), ha="center")
    left.set(xlabel="state s", ylabel="action a", title="Negated Gaussian densities; $E_1$ has offset Z")
    for offset, style in ((0.0, "-"), (-100.0, "--")):
        states, divergence = curve(offset)
        right.plot(states, divergence * 1e3, style, label=f"Z = {offset:g}", linewidth=2)
    right.set(xlabel="state s", ylabel="$D_J$ [0.001 nats]", title="Identity 1, with and without the offset")
    right.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images" / "figure-2.png")
    path = parser.parse_args().out
    states, plain = curve(0.0)
    _, offset = curve(-100.0)
    half = len(states) // 2
    print(f"peaks at s = {states[plain[:half].argmax()]:.2f} and {states[half + plain[half:].argmax()]:.2f}")
    print(f"largest divergence {plain.max():.6f} nats, at the centre {plain[half]:.1e}")
    print(f"largest change by the offset of -100: {(plain - offset).abs().max():.1e} nats")
    plot(path)
    print(f"written: {path}")


if __name__ == "__main__":
    main()
