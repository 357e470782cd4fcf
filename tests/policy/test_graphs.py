"""Recorded kernels answer as unrecorded ones do, and where none can be recorded nothing changes."""

import pytest
import torch

from policy.energy import EnergyNetwork, FastEnergy, GraphedEnergy, NetworkConfig, fast_energy

CONFIG = NetworkConfig((7,), 3, width=32, spectral_norm=True)


def test_without_a_gpu_nothing_is_recorded_and_answers_are_the_same() -> None:
    network = EnergyNetwork(CONFIG).eval()
    plain = fast_energy(network.head, "float32")
    assert isinstance(plain, FastEnergy)
    graphed = GraphedEnergy(plain)
    if torch.cuda.is_available():
        pytest.skip("recording works here")
    for _ in range(6):
        features, actions = torch.randn(4, 7), torch.rand(4, 5, 3)
        assert torch.equal(graphed(features, actions), plain(features, actions))
        for ours, theirs in zip(
            graphed.value_and_gradient(features, actions),
            plain.value_and_gradient(features, actions),
            strict=True,
        ):
            assert torch.equal(ours, theirs)


def test_a_copy_with_its_own_buffers_leaves_the_others_alone() -> None:
    fast = FastEnergy(EnergyNetwork(CONFIG).eval().head)
    features, actions = torch.randn(4, 7), torch.rand(4, 5, 3)
    fast(features, actions)
    other = fast.with_own_buffers()
    assert torch.equal(other(features, actions), fast(features, actions))
    assert not {buffer.data_ptr() for buffer in fast._buffers.values()} & {
        buffer.data_ptr() for buffer in other._buffers.values()
    }


def test_autoregressive_heads_are_evaluated_as_they_are() -> None:
    head = EnergyNetwork(NetworkConfig((7,), 2, width=8, architecture="autoregressive")).head
    assert fast_energy(head) is head


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_recorded_kernels_agree_with_unrecorded_ones(precision: str) -> None:
    network = EnergyNetwork(CONFIG).eval().cuda()
    plain = FastEnergy(network.head, precision=precision)  # type: ignore[arg-type]
    graphed = fast_energy(network.head, precision)  # type: ignore[arg-type]
    assert isinstance(graphed, GraphedEnergy)
    for count in (5, 40, 5):  # a larger shape between two calls of a recorded one
        for _ in range(8):
            features = torch.randn(4, 7, device="cuda")
            actions = torch.rand(4, count, 3, device="cuda")
            torch.testing.assert_close(graphed(features, actions), plain(features, actions))
            ours, theirs = (e.value_and_gradient(features, actions) for e in (graphed, plain))
            torch.testing.assert_close(ours, theirs)
    assert all(recording is not None for recording in graphed._recordings.values())
