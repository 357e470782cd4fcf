"""Figure 2: the divergence of two Gaussian energies, whatever offset one of them has."""

import io
import json
from pathlib import Path

import pytest
import torch
from django.core.management import call_command

from iifl_server.experiments import jeffreys as figure
from policy import jeffreys_divergence


def test_curve_is_the_same_with_and_without_an_offset() -> None:
    _, plain = figure.curve(0.0)
    _, moved = figure.curve(-100.0)
    torch.testing.assert_close(plain, moved, rtol=0, atol=1e-12)
    assert plain.max() > 1e-3


def test_curve_is_symmetric_peaks_at_the_means_and_vanishes_between_and_outside() -> None:
    states, curve = figure.curve(-100.0)
    torch.testing.assert_close(curve, curve.flip(0), rtol=1e-6, atol=1e-12)
    half = len(states) // 2
    assert float(states[curve[:half].argmax()]) == pytest.approx(figure.MEANS[0], abs=0.15)
    assert float(states[half + curve[half:].argmax()]) == pytest.approx(figure.MEANS[1], abs=0.15)
    assert float(curve[half]) < 1e-9
    assert float(curve[0]) < 0.1 * float(curve.max())
    assert (curve >= 0).all()


def test_samples_find_the_same_divergence_up_to_what_they_resolve() -> None:
    """Energies 10 times as deep, since the divergence of the plain ones is a thousandth of a nat."""
    states = torch.tensor([[-2.0], [0.0], [2.0]])

    def p(s: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = 10 * figure.energy(s, a, figure.MEANS[0], -100.0)
        return found

    def q(s: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = 10 * figure.energy(s, a, figure.MEANS[1])
        return found

    line = torch.linspace(-4, 4, 4001, dtype=torch.float64)[None, :, None].expand(3, -1, -1)
    energy_p, energy_q = p(states.double(), line), q(states.double(), line)
    weights = torch.softmax(-energy_p, 1) - torch.softmax(-energy_q, 1)
    truth = (weights * (energy_q - energy_p)).sum(1)
    found = [
        jeffreys_divergence(
            p, q, states, [-4.0], [4.0], generator=torch.Generator().manual_seed(seed)
        ).estimate.double()
        for seed in range(10)
    ]
    torch.testing.assert_close(torch.stack(found).mean(0), truth, rtol=0.1, atol=1e-4)


def test_the_experiment_writes_its_claims_and_its_figure(tmp_path: Path) -> None:
    figure.run(tmp_path)
    claims = json.loads((tmp_path / "report.json").read_text())["claims"]
    assert {claim["verdict"] for claim in claims} == {"reproduced"}
    assert (tmp_path / "figure-2.svg").exists()
    assert "peaks at" in (tmp_path / "results.md").read_text()


def test_the_command_writes_where_it_is_told_or_by_name_and_scale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = io.StringIO()
    call_command("benchmark", "jeffreys", "--out", "mine", "--json", "figures.json", stdout=said)
    assert "half way" in said.getvalue()
    results = json.loads((tmp_path / "mine" / "results.json").read_text())
    assert json.loads((tmp_path / "figures.json").read_text()) == results
    assert results["jeffreys"]["middle"]["mean"] == 0
    call_command("benchmark", "jeffreys", "--scale", "desk", stdout=said)
    assert (tmp_path / "out" / "benchmark" / "jeffreys-desk" / "results.md").exists()
