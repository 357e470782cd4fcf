"""Energy networks: shapes, late fusion, and that every parameter counts."""

import pytest
import torch

from policy import EnergyNetwork, InputError, NetworkConfig, PolicyConfig
from policy.learning.losses import info_nce
from tests.policy.conftest import SMALL

STATE = NetworkConfig(observation_shape=(7,), action_size=3, width=16)


@pytest.mark.parametrize("config", [SMALL, STATE], ids=["images", "states"])
def test_energy_has_one_value_per_action_and_every_parameter_a_gradient(config: NetworkConfig) -> None:
    torch.manual_seed(0)
    network = EnergyNetwork(config)
    shape = (5, *config.observation_shape)
    states = torch.randint(0, 256, shape, dtype=torch.uint8) if config.from_images else torch.randn(shape)
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
    assert [name for name in idle if not name.startswith("head.rest") or "weight" in name] == []


def test_head_on_encoded_states_is_the_energy() -> None:
    network = EnergyNetwork(SMALL)
    states = torch.randint(0, 256, (2, 16, 16, 3), dtype=torch.uint8)
    actions = torch.rand(2, 4, 2)
    torch.testing.assert_close(network.head(network.encode(states), actions), network(states, actions))


def test_states_have_six_hidden_layers_of_256() -> None:
    network = EnergyNetwork(NetworkConfig(observation_shape=(60,), action_size=8))
    widths = [module.out_features for module in network.modules() if isinstance(module, torch.nn.Linear)]
    assert widths == [256, 256, *[256] * 5, 1]  # The first layer is a sum of two.


def test_configurations_survive_json_and_bad_ones_are_refused() -> None:
    config = PolicyConfig(STATE, members=3, bootstrap_seed=4)
    values = config.to_dict()
    values["network"]["observation_shape"] = list(values["network"]["observation_shape"])
    values["network"]["channels"] = list(values["network"]["channels"])
    assert PolicyConfig.from_dict(values) == config
    with pytest.raises(InputError, match="multiples of 8"):
        NetworkConfig(observation_shape=(60, 64, 3))
    with pytest.raises(InputError, match="members is 0"):
        PolicyConfig(members=0)
    with pytest.raises(InputError, match="not a policy configuration"):
        PolicyConfig.from_dict({"colour": "red"})
