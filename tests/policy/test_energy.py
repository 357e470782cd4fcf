"""Energy networks: shapes, late fusion, and that every parameter counts."""

import copy

import numpy as np
import pytest
import torch

from policy import EnergyNetwork, ImplicitPolicy, InputError, NetworkConfig, PolicyConfig
from policy.energy.spectral import NormalisedLinear
from policy.explicit import ExplicitNetwork
from policy.learning.losses import info_nce
from tests.policy.conftest import SMALL

STATE = NetworkConfig(observation_shape=(7,), action_size=3, width=16)
VARIANTS = {
    "images": SMALL,
    "states": STATE,
    "images, spectral": NetworkConfig(
        (16, 16, 3), channels=(4, 4, 4), features=8, width=16, spectral_norm=True
    ),
    "states, spectral": NetworkConfig((7,), 3, width=16, spectral_norm=True),
    "states, residual": NetworkConfig((7,), 3, width=16, architecture="residual"),
    "images, residual": NetworkConfig(
        (16, 16, 3), channels=(4, 4, 4), features=8, width=16, architecture="residual"
    ),
    "everything": NetworkConfig(
        (7,), 3, width=16, architecture="residual", spectral_norm=True, normalise=True
    ),
}


def observations(config: NetworkConfig, count: int = 5) -> torch.Tensor:
    shape = (count, *config.observation_shape)
    draws = torch.Generator().manual_seed(0)
    if config.from_images:
        return torch.randint(0, 256, shape, dtype=torch.uint8, generator=draws)
    return torch.randn(shape, generator=draws)


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
def test_energy_has_one_value_per_action_and_every_parameter_a_gradient(config: NetworkConfig) -> None:
    torch.manual_seed(0)
    network = EnergyNetwork(config)
    states = observations(config)
    actions = torch.rand(5, 9, config.action_size) * 2 - 1
    energies = network(states, actions)
    assert energies.shape == (5, 9)
    info_nce(energies[:, 0], energies[:, 1:]).backward()
    # The last bias moves all energies of a state alike, so InfoNCE cannot see it.
    idle = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or parameter.grad.abs().max() < 1e-9
    ]
    last = f"head.rest.{len(network.head.rest) - 1}.bias"
    assert [name for name in idle if name != last] == []


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
def test_head_on_encoded_states_is_the_energy(config: NetworkConfig) -> None:
    network = EnergyNetwork(config).eval()
    states = observations(config)
    actions = torch.rand(5, 4, config.action_size)
    torch.testing.assert_close(network.head(network.encode(states), actions), network(states, actions))


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())
def test_the_last_bias_is_an_offset_and_nothing_else(config: NetworkConfig) -> None:
    network = EnergyNetwork(config).eval()
    states, actions = observations(config), torch.rand(5, 4, config.action_size)
    before = network(states, actions)
    list(network.head.rest.children())[-1].bias.data += 100.0  # type: ignore[union-attr, operator]
    torch.testing.assert_close(network(states, actions), before + 100.0, rtol=0, atol=1e-4)


def test_states_have_six_hidden_layers_of_256() -> None:
    network = EnergyNetwork(NetworkConfig(observation_shape=(60,), action_size=8))
    widths = [module.out_features for module in network.modules() if isinstance(module, torch.nn.Linear)]
    assert widths == [256, 256, *[256] * 5, 1]  # The first layer is a sum of two.


def test_both_layers_of_a_residual_block_act() -> None:
    network = EnergyNetwork(VARIANTS["states, residual"]).eval()
    states, actions = observations(STATE), torch.rand(5, 4, 3)
    before = network(states, actions)
    for name, parameter in network.named_parameters():
        if ".first." in name or ".second." in name:
            kept = parameter.data.clone()
            parameter.data += 0.1
            assert (network(states, actions) - before).abs().max() > 1e-6, name
            parameter.data = kept


def spectral_norms(network: EnergyNetwork) -> list[float]:
    weights = network.head.weights()
    matrices = [torch.cat([weights.features, weights.actions], 1), *(matrix for matrix, _ in weights.hidden)]
    return [float(torch.linalg.matrix_norm(matrix.detach(), 2)) for matrix in matrices]


def test_spectral_norms_are_one_and_follow_their_weights_while_training() -> None:
    torch.manual_seed(0)
    network = EnergyNetwork(NetworkConfig((7,), 3, width=32, spectral_norm=True))
    assert spectral_norms(network) == pytest.approx([1.0] * 6, rel=0.03)
    for parameter in network.parameters():
        parameter.data *= 3.0
    network.head.rest[1].weight.data += 0.2  # type: ignore[union-attr, operator]
    network.eval()
    assert spectral_norms(network)[1] > 1.2
    network.train()
    for _ in range(30):
        network.encode(torch.zeros(1, 7))
    assert spectral_norms(network) == pytest.approx([1.0] * 6, rel=0.03)


def test_power_iteration_runs_once_per_update_never_in_a_sampler_and_never_in_eval_mode() -> None:
    network = EnergyNetwork(VARIANTS["states, spectral"]).train()
    layers = [module for module in network.modules() if isinstance(module, NormalisedLinear)]
    assert len(layers) == 5
    states, actions = observations(STATE), torch.rand(5, 4, 3)

    def vectors() -> list[torch.Tensor]:
        return [buffer.clone() for name, buffer in network.named_buffers()]

    def moved(before: list[torch.Tensor]) -> bool:
        return any(not torch.equal(*pair) for pair in zip(before, vectors(), strict=True))

    before = vectors()
    features = network.encode(states)
    assert moved(before)
    before = vectors()
    for _ in range(3):
        network.head(features, actions)
    with torch.no_grad():
        network(states, actions)
    assert not moved(before)
    network.eval()
    network(states, actions)
    assert not moved(before)


def test_a_gradient_survives_an_update_of_the_singular_vectors() -> None:
    network = EnergyNetwork(VARIANTS["states, spectral"]).train()
    energies = network(observations(STATE), torch.rand(5, 4, 3))
    network(observations(STATE), torch.rand(5, 4, 3))
    energies.sum().backward()


def test_weights_of_every_variant_come_back_exactly() -> None:
    for config in VARIANTS.values():
        network, other = EnergyNetwork(config), EnergyNetwork(config).eval()
        network.train()
        network.encode(observations(config))
        network.eval()
        other.load_state_dict(copy.deepcopy(network.state_dict()))
        states, actions = observations(config), torch.rand(5, 4, config.action_size)
        assert torch.equal(network(states, actions), other(states, actions))


def test_nothing_new_is_stored_where_nothing_new_is_asked_for() -> None:
    assert list(EnergyNetwork(STATE).buffers()) == []
    assert list(EnergyNetwork(SMALL).state_dict()) == [
        *(f"encoder.convolutions.{layer}.{part}" for layer in (0, 2, 4) for part in ("weight", "bias")),
        *("encoder.readout.weight", "encoder.readout.bias"),
        *("head.from_features.weight", "head.from_features.bias", "head.from_actions.weight"),
        *("head.rest.1.weight", "head.rest.1.bias", "head.rest.3.weight", "head.rest.3.bias"),
    ]


@pytest.mark.parametrize("kind", [EnergyNetwork, ExplicitNetwork])
def test_states_are_standardised_by_the_first_data_and_never_again(
    kind: type[EnergyNetwork] | type[ExplicitNetwork],
) -> None:
    network = kind(NetworkConfig((3,), 2, width=8, normalise=True))
    draws = np.random.default_rng(0)
    data = torch.from_numpy(draws.normal([5.0, -1e4, 7.0], [1e-3, 1e3, 0.0], (500, 3)).astype(np.float32))
    assert network.fit_normalisation(data)
    encoded = network.encoder(data)
    torch.testing.assert_close(encoded.mean(0), torch.zeros(3), atol=1e-2, rtol=0)
    torch.testing.assert_close(encoded.std(0), torch.tensor([1.0, 1.0, 0.0]), atol=1e-2, rtol=0)
    far = torch.tensor([[5.0, 1e9, 8.0]])
    assert network.encoder(far).abs().max() <= 10
    assert not network.fit_normalisation(data * 2)
    assert torch.equal(network.encoder(data), encoded)
    again = kind(NetworkConfig((3,), 2, width=8, normalise=True))
    again.load_state_dict(network.state_dict())
    assert not again.fit_normalisation(data * 2)
    assert torch.equal(again.encoder(data), encoded)
    assert not kind(NetworkConfig((3,), 2, width=8)).fit_normalisation(data)


def test_normalisation_refuses_states_that_do_not_fit() -> None:
    network = EnergyNetwork(NetworkConfig((3,), 2, width=8, normalise=True))
    with pytest.raises(InputError, match=r"shape \(4, 2\); valid is \(n, 3\)"):
        network.fit_normalisation(torch.zeros(4, 2))
    with pytest.raises(InputError, match=r"shape \(0, 3\)"):
        network.fit_normalisation(torch.zeros(0, 3))
    with pytest.raises(InputError, match="not finite"):
        network.fit_normalisation(torch.full((2, 3), float("nan")))
    assert network.fit_normalisation(torch.randn(5, 3))


def test_configurations_survive_json_and_bad_ones_are_refused() -> None:
    config = PolicyConfig(VARIANTS["everything"], members=3, bootstrap_seed=4)
    values = config.to_dict()
    values["network"]["observation_shape"] = list(values["network"]["observation_shape"])
    values["network"]["channels"] = list(values["network"]["channels"])
    assert PolicyConfig.from_dict(values) == config
    for name in ("architecture", "spectral_norm", "normalise"):  # as before they were there
        del values["network"][name]
    assert PolicyConfig.from_dict(values).network == STATE
    with pytest.raises(InputError, match="multiples of 8"):
        NetworkConfig(observation_shape=(60, 64, 3))
    with pytest.raises(InputError, match="members is 0"):
        PolicyConfig(members=0)
    with pytest.raises(InputError, match="not a policy configuration"):
        PolicyConfig.from_dict({"colour": "red"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "transformer"}, "architecture is 'transformer'; valid are mlp, residual"),
        ({"architecture": "residual", "state_depth": 1}, "1 hidden layers; valid is at least 2"),
        ({"spectral_norm": "yes"}, "spectral_norm is 'yes'; valid are True and False"),
        ({"normalise": 1}, "normalise is 1; valid are True and False"),
        ({"normalise": True, "observation_shape": (16, 16, 3)}, "valid for states only"),
    ],
)
def test_bad_variants_are_refused_by_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        NetworkConfig(**{"observation_shape": (7,), **changes})  # type: ignore[arg-type]


def test_policies_of_every_variant_decide() -> None:
    for config in VARIANTS.values():
        decision = ImplicitPolicy(PolicyConfig(config), seed=0).decide(observations(config).numpy(), 0)
        assert decision.actions.shape == (5, config.action_size)
        assert np.isfinite(decision.uncertainty).all()
