"""Checkpoints come back whole or not at all, and say why not."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from policy import (
    CheckpointError,
    ExplicitPolicy,
    ImplicitPolicy,
    InputError,
    NetworkConfig,
    PolicyConfig,
    calibrate_threshold,
    load_checkpoint,
    save_checkpoint,
)
from policy.learning import checkpoint
from policy.sampling import ImportanceConfig
from policy.sampling.descent import DescentConfig
from tests.policy.conftest import SMALL

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3)).astype(np.uint8)


@pytest.fixture
def path(small_policy: ImplicitPolicy, tmp_path: Path) -> Path:
    path = tmp_path / "new folder" / "policy.safetensors"
    save_checkpoint(path, small_policy, uncertainty_threshold=1.25, data_hash="abc", seed=1, updates=7)
    return path


def test_policy_and_manifest_come_back(small_policy: ImplicitPolicy, path: Path) -> None:
    loaded, manifest = load_checkpoint(path)
    assert isinstance(loaded, ImplicitPolicy)
    assert np.array_equal(loaded.decide(IMAGES, 3).actions, small_policy.decide(IMAGES, 3).actions)
    assert manifest["uncertainty_threshold"] == 1.25
    assert (manifest["seed"], manifest["updates"], manifest["data_hash"]) == (1, 7, "abc")
    assert manifest["estimator"] == "jeffreys-importance"
    assert manifest["libraries"]["torch"] == torch.__version__
    assert not loaded.training


def test_variants_come_back_with_their_normalisation_and_their_way_of_deciding(tmp_path: Path) -> None:
    network = NetworkConfig(
        (5,), 2, width=16, architecture="residual", spectral_norm=True, normalise=True, state_depth=4
    )
    policy = ImplicitPolicy(
        PolicyConfig(network),
        seed=3,
        temperature=0.5,
        sampling=ImportanceConfig(samples=64),
        descent=DescentConfig(starts=3),
    )
    states = np.random.default_rng(0).normal(3.0, 2.0, (40, 5)).astype(np.float32)
    for member in range(2):
        assert policy.network(member).fit_normalisation(torch.from_numpy(states))
    save_checkpoint(tmp_path / "variant", policy)
    loaded, manifest = load_checkpoint(tmp_path / "variant")
    assert isinstance(loaded, ImplicitPolicy)
    assert loaded.config == policy.config
    assert (loaded.sampling, loaded.descent, loaded.temperature) == (policy.sampling, policy.descent, 0.5)
    assert not loaded.network(0).fit_normalisation(torch.from_numpy(states))
    one, other = loaded.decide(states, 3), policy.decide(states, 3)
    assert np.array_equal(one.actions, other.actions)
    assert np.array_equal(one.uncertainty, other.uncertainty)
    assert manifest["configuration"]["network"]["architecture"] == "residual"


def test_a_threshold_of_another_estimator_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImplicitPolicy, "estimator", property(lambda policy: "jeffreys-new"))
    with pytest.raises(CheckpointError, match=r"estimator jeffreys-importance.*jeffreys-new.*make it again"):
        load_checkpoint(path)


@pytest.mark.parametrize("missing", ["format", "kind", "configuration", "sampler", "estimator"])
def test_a_manifest_with_something_missing_is_refused(
    small_policy: ImplicitPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    dumps = json.dumps

    def without(values: dict[str, object], **options: bool) -> str:
        return dumps({name: value for name, value in values.items() if name != missing}, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpoint.json, "dumps", without)
    save_checkpoint(tmp_path / "holes", small_policy)
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match=r"something missing|estimator None|None version 1"):
        load_checkpoint(tmp_path / "holes")


def test_explicit_ensembles_come_back(tmp_path: Path) -> None:
    policy = ExplicitPolicy(PolicyConfig(SMALL, members=3), seed=2)
    save_checkpoint(tmp_path / "bc", policy)
    loaded, manifest = load_checkpoint(tmp_path / "bc")
    assert np.array_equal(loaded.decide(IMAGES, 0).actions, policy.decide(IMAGES).actions)
    assert manifest["estimator"] == "ensemble-variance"


@pytest.mark.parametrize("kept", [0, 4, 60, 0.5, 0.999])
def test_a_truncated_file_is_refused(path: Path, kept: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if kept < 1 else int(kept)])
    with pytest.raises(CheckpointError, match="truncated, or no checkpoint"):
        load_checkpoint(path)


@pytest.mark.parametrize("place", ["weights", "manifest"])
def test_a_changed_file_is_refused(path: Path, place: str) -> None:
    data = bytearray(path.read_bytes())
    if place == "weights":
        data[-9] ^= 1
    else:
        data = bytearray(bytes(data).replace(b"1.25", b"9.25", 1))
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match="corrupt"):
        load_checkpoint(path)


def test_other_files_are_refused_with_the_reason(path: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(tmp_path / "missing")
    (tmp_path / "text").write_text("hello, this is no checkpoint")
    with pytest.raises(CheckpointError, match="no checkpoint"):
        load_checkpoint(tmp_path / "text")
    save_file({"x": torch.zeros(2)}, tmp_path / "foreign")
    with pytest.raises(CheckpointError, match="no manifest"):
        load_checkpoint(tmp_path / "foreign")


def test_another_version_and_weights_that_do_not_fit_are_refused(
    small_policy: ImplicitPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "VERSION", 99)
    save_checkpoint(tmp_path / "future", small_policy)
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="version 99"):
        load_checkpoint(tmp_path / "future")
    small_policy.config = PolicyConfig()
    save_checkpoint(tmp_path / "wrong", small_policy)
    with pytest.raises(CheckpointError, match="does not fit"):
        load_checkpoint(tmp_path / "wrong")


def test_weights_that_are_not_finite_are_refused(small_policy: ImplicitPolicy, tmp_path: Path) -> None:
    next(small_policy.parameters()).data[0] = float("nan")
    save_checkpoint(tmp_path / "nan", small_policy)
    with pytest.raises(CheckpointError, match="not finite"):
        load_checkpoint(tmp_path / "nan")


def test_a_failed_write_leaves_the_old_file_and_no_other(
    small_policy: ImplicitPolicy, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CheckpointError, match="no space left"):
        save_checkpoint(path, small_policy, updates=8)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_manifests_hold_json_only(small_policy: ImplicitPolicy, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="JSON"):
        save_checkpoint(tmp_path / "x", small_policy, thing=object())
    assert not (tmp_path / "x").exists()


def test_threshold_is_the_percentile_and_needs_finite_values() -> None:
    assert calibrate_threshold(np.arange(101.0).reshape(1, 101)) == pytest.approx(99.0)
    assert calibrate_threshold([1.0, 2.0, 3.0], percentile=50) == 2.0
    with pytest.raises(InputError, match="finite"):
        calibrate_threshold([1.0, float("nan")])
    with pytest.raises(InputError, match="0 uncertainties"):
        calibrate_threshold([])
