"""Figure 2: the Jeffreys divergence of two energies that are Gaussian densities of states and actions."""

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from iifl_server.experiments.claims import Claim
from iifl_server.experiments.report import Report, save_figure, write

MEANS = (-2.0, 2.0)
"""Of the two densities along the state; along the action both are centred."""
EXTENT = 4.0
"""States and actions lie in [-4, 4]."""
OFFSET = -100.0
"""Added to the first energy: it changes its density nowhere."""


def energy(states: Tensor, actions: Tensor, mean: float, offset: float = 0.0) -> Tensor:
    """A negated Gaussian density over states, (B, 1), and actions, (B, K, 1), plus an offset: (B, K)."""
    apart = (states - mean).square() + actions[..., 0].square()
    return offset - torch.exp(-0.5 * apart) / (2 * math.pi)


def curve(offset: float, states: int = 161, actions: int = 4001) -> tuple[Tensor, Tensor]:
    """States, (B,), and the divergence at each, (B,) [nats], by Identity 1 with integrals over actions."""
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


def run(out: Path) -> dict[str, Any]:
    """Integrate, draw, and write the results."""
    places, plain = curve(0.0)
    _, moved = curve(OFFSET)
    half = len(places) // 2
    peaks = [float(places[plain[:half].argmax()]), float(places[half + plain[half:].argmax()])]
    middle = float(plain[half])
    difference = float((plain - moved).abs().max())
    near = all(abs(peak - mean) < 0.15 for peak, mean in zip(peaks, MEANS, strict=True))
    claims = [
        Claim(
            "The divergence peaks at both means",
            "reproduced" if near else "opposite",
            f"peaks at {', '.join(f'{peak:.2f}' for peak in peaks)}",
        ),
        Claim(
            "It vanishes half way, where the energies are equal",
            "reproduced" if middle < 1e-9 else "opposite",
            f"{middle:.2g} nats",
        ),
        Claim(
            f"An offset of {OFFSET:g} changes nothing",
            "reproduced" if difference < 1e-9 else "opposite",
            f"largest difference {difference:.2g} nats",
        ),
    ]
    out.mkdir(parents=True, exist_ok=True)
    _figure(out)
    values = {
        "jeffreys": {
            "largest": [float(plain.max())],
            "middle": [middle],
            "difference_by_offset": [difference],
        }
    }
    headings = {
        "largest": "largest [nats]",
        "middle": "half way [nats]",
        "difference_by_offset": "changed by the offset [nats]",
    }
    report = Report("Jeffreys divergence (Figure 2)", headings, claims, figures=("figure-2",))
    return write(out, report, values, {"experiment": "jeffreys"})


def _figure(out: Path) -> None:
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
    for offset, style in ((0.0, "-"), (OFFSET, "--")):
        states, divergence = curve(offset)
        right.plot(states, divergence * 1e3, style, label=f"Z = {offset:g}", linewidth=2)
    right.set(xlabel="state s", ylabel="$D_J$ [0.001 nats]", title="Identity 1, with and without the offset")
    right.legend()
    save_figure(figure, out, "figure-2")
    pyplot.close(figure)
