"""The fast evaluation of an energy is that energy, value and slope."""

import pytest
import torch
from torch import Tensor

from policy.energy import EnergyNetwork, NetworkConfig
from policy.energy.fast import FastEnergy
from policy.energy.gradients import DifferentiableEnergy, value_and_gradient
from policy.energy.precision import Precision, matrix_products, uses_bfloat16
from policy.errors import InputError
from policy.learning.losses import info_nce

VARIANTS = {
    "mlp": NetworkConfig((7,), 3, width=32),
    "one layer": NetworkConfig((7,), 3, width=32, state_depth=1),
    "spectral": NetworkConfig((7,), 3, width=32, spectral_norm=True),
    "residual": NetworkConfig((7,), 3, width=32, architecture="residual"),
    "residual, spectral": NetworkConfig((7,), 3, width=32, architecture="residual", spectral_norm=True),
    "images": NetworkConfig((16, 16, 3), channels=(4, 4, 4), features=8, width=16),
}


def example(config: NetworkConfig, states: int = 5, samples: int = 9) -> tuple[EnergyNetwork, Tensor, Tensor]:
    """A network a little trained, so that energies differ between actions; features; actions."""
    torch.manual_seed(0)
    network = EnergyNetwork(config).train()
    optimizer = torch.optim.Adam(network.head.parameters(), 1e-2)
    features = torch.randn(64, config.encoded_size)
    good = features[:, None, : config.action_size].tanh()
    if config.action_size > config.encoded_size:
        raise AssertionError
    for _ in range(60):
        candidates = torch.cat([good, torch.rand(64, 16, config.action_size) * 2 - 1], dim=1)
        energies = network.head(features, candidates)
        optimizer.zero_grad()
        info_nce(energies[:, 0], energies[:, 1:]).backward()
        optimizer.step()
        network.head.follow()
    network.eval()
    return (
        network,
        torch.randn(states, config.encoded_size),
        torch.rand(states, samples, config.action_size) * 2 - 1,
    )


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
@pytest.mark.parametrize("rows", [0, 1, 4, 13])
def test_agrees_with_autograd_to_float32_rounding(config: NetworkConfig, rows: int) -> None:
    network, features, actions = example(config)
    fast = FastEnergy(network.head, precision="float32", rows=rows)
    energies, slopes = value_and_gradient(network.head, features, actions)
    assert energies.std() > 0.1
    torch.testing.assert_close(fast(features, actions), energies, rtol=1e-5, atol=1e-5)
    value, slope = fast.value_and_gradient(features, actions)
    torch.testing.assert_close(value, energies, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(slope, slopes, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
def test_bfloat16_moves_energies_by_less_than_two_percent_of_their_spread(config: NetworkConfig) -> None:
    network, features, actions = example(config, 20, 64)
    fast = FastEnergy(network.head, precision="bfloat16")
    energies, slopes = value_and_gradient(network.head, features, actions)
    value, slope = fast.value_and_gradient(features, actions)
    assert torch.equal(fast(features, actions), value)
    assert (value - energies).square().mean().sqrt() < 0.02 * energies.std()
    assert (slope - slopes).norm() < 0.1 * slopes.norm()
    assert not torch.equal(value, energies)


def test_samplers_take_its_own_slope_and_no_graph_is_made() -> None:
    network, features, actions = example(VARIANTS["mlp"])
    fast = FastEnergy(network.head)
    assert isinstance(fast, DifferentiableEnergy)
    energies, slopes = value_and_gradient(fast, features, actions.requires_grad_(True))
    assert not energies.requires_grad
    assert not slopes.requires_grad
    assert not fast(features, actions).requires_grad


def test_weights_are_those_of_the_moment_it_was_made() -> None:
    network, features, actions = example(VARIANTS["spectral"])
    fast = FastEnergy(network.head, precision="float32")
    before = fast(features, actions)
    for parameter in network.parameters():
        parameter.data.mul_(2.0)
    assert torch.equal(fast(features, actions), before)


def test_answers_do_not_depend_on_earlier_shapes_or_on_neighbours() -> None:
    network, features, actions = example(VARIANTS["residual"], 8, 40)
    fast = FastEnergy(network.head, precision="float32", rows=16)
    whole, slopes = fast.value_and_gradient(features, actions)
    part, slope = fast.value_and_gradient(features[2:5], actions[2:5, :7])
    torch.testing.assert_close(part, whole[2:5, :7], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(slope, slopes[2:5, :7], rtol=1e-4, atol=1e-5)


def test_empty_batches_give_empty_energies() -> None:
    network, _, _ = example(VARIANTS["mlp"])
    fast = FastEnergy(network.head)
    assert fast(torch.zeros(0, 7), torch.zeros(0, 4, 3)).shape == (0, 4)
    assert fast(torch.zeros(2, 7), torch.zeros(2, 0, 3)).shape == (2, 0)


def test_shapes_that_do_not_fit_are_refused() -> None:
    network, features, actions = example(VARIANTS["mlp"])
    fast = FastEnergy(network.head)
    with pytest.raises(InputError, match=r"features have shape \(5, 6\); valid is \(B, 7\)"):
        fast(features[:, :6], actions)
    with pytest.raises(InputError, match=r"actions have shape \(5, 9, 2\); valid is \(5, K, 3\)"):
        fast(features, actions[..., :2])
    with pytest.raises(InputError, match=r"valid is \(4, K, 3\)"):
        fast.value_and_gradient(features[:4], actions)
    with pytest.raises(InputError, match="rows is -1"):
        FastEnergy(network.head, rows=-1)


def test_precision_asks_the_processor_only_where_it_is_auto() -> None:
    assert uses_bfloat16("bfloat16")
    assert not uses_bfloat16("float32")
    assert isinstance(uses_bfloat16("auto"), bool)


@pytest.mark.parametrize(
    ("limit", "expected"), [("", True), ("avx2", False), ("AVX512_CORE", False), ("AVX512_CORE_AMX", True)]
)
def test_a_processor_whose_instructions_are_not_allowed_does_not_emulate_them(
    monkeypatch: pytest.MonkeyPatch, limit: str, expected: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    monkeypatch.delenv("DNNL_MAX_CPU_ISA", raising=False)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert uses_bfloat16("auto") is expected
    assert uses_bfloat16("bfloat16")


@pytest.mark.parametrize("set_before", [False, True])
@pytest.mark.parametrize(("precision", "inside"), [("auto", True), ("float32", False), ("bfloat16", False)])
def test_a_gpu_rounds_float32_products_only_where_precision_is_auto(
    set_before: bool, precision: Precision, inside: bool
) -> None:
    products = torch.backends.cuda.matmul  # a switch that can be read and set without a GPU
    untouched = products.allow_tf32
    try:
        products.allow_tf32 = set_before
        with matrix_products(precision, torch.device("cuda")):
            assert products.allow_tf32 is inside
        assert products.allow_tf32 is set_before
        with matrix_products(precision, torch.device("cpu")):
            assert products.allow_tf32 is set_before
    finally:
        products.allow_tf32 = untouched
