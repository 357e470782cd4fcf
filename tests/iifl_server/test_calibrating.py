"""û before a run: what it is valid for, and calibrations and trainings that go on where they were cut off."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from iifl_server.errors import RequestError
from iifl_server.learning import calibrating, making
from iifl_server.learning.calibrating import Calibration, calibrate, weights_digest
from iifl_server.learning.recipes import IMPLICIT
from policy import InputError, NetworkConfig, TrainingConfig, load_checkpoint


class Doubter:
    """Walks at random; its doubt follows from what it sees."""

    estimator = "made up"

    def __init__(self, weight: float = 1.0, offset: float = 0.0) -> None:
        self.weight, self.offset, self.decided = weight, offset, 0

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {"weight": torch.tensor(self.weight)}

    def decide(self, observations: Any, generator: int) -> Any:
        self.decided += 1
        draws = np.random.default_rng(generator)
        actions = draws.uniform(-1, 1, (len(observations), 2)).astype(np.float32)
        doubt = np.abs(observations.astype(float)).reshape(len(observations), -1).sum(1) + self.offset
        return SimpleNamespace(actions=actions, uncertainty=doubt)


def find(policy: Any, kept: Path | None = None, **changes: Any) -> dict[str, Any]:
    calibration = replace(Calibration(robots=5, steps=30, percentile=90.0), **changes)
    return calibrate(policy, "navigation", calibration, lambda *_: None, kept)


def test_a_threshold_is_kept_with_all_that_it_is_valid_for(tmp_path: Path) -> None:
    kept = tmp_path / "calibration.json"
    found = find(Doubter(), kept)
    assert json.loads(kept.read_text()) == found
    assert found["uncertainty_threshold"] == found["percentiles"]["90"]
    again = Doubter()
    assert find(again, kept) == found
    assert again.decided == 0
    other = Doubter(weight=2.0)
    assert find(other, kept)["weights_sha256"] == weights_digest(other) != found["weights_sha256"]
    assert other.decided == 30
    assert find(other, kept, percentile=50.0)["uncertainty_threshold"] == found["percentiles"]["50"]


def test_a_calibration_that_was_cut_off_goes_on_to_the_same_threshold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrating, "SAVE_EVERY", 10)
    whole = find(Doubter())
    kept = tmp_path / "calibration.json"

    def stop(done: float, _text: str) -> None:
        if done > 0.75:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calibrate(Doubter(), "navigation", Calibration(5, 30, 90.0), stop, kept)
    assert not kept.exists()
    resumed = Doubter()
    assert find(resumed, kept) == whole
    assert resumed.decided == 10
    assert [path.name for path in tmp_path.iterdir()] == ["calibration.json"]


def test_what_another_policy_left_is_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrating, "SAVE_EVERY", 10)
    part = tmp_path / "x.part.npz"

    def stop(done: float, _text: str) -> None:
        if done > 0.75:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calibrate(Doubter(), "navigation", Calibration(5, 30), stop, tmp_path / "x.json")
    assert part.exists()
    other = Doubter(weight=3.0)
    find(other, tmp_path / "x.json")
    assert other.decided == 30


def test_thresholds_that_cannot_be_are_refused() -> None:
    with pytest.raises(InputError, match="uncertainty_threshold is -"):
        find(Doubter(offset=-1e6))
    for changes, words in (
        ({"robots": 0}, "calibration robots is 0"),
        ({"steps": 0}, "calibration steps is 0"),
        ({"percentile": 100.5}, "percentile is 100.5"),
    ):
        with pytest.raises(RequestError, match=words):
            replace(Calibration(), **changes)  # type: ignore[arg-type]


def test_a_checkpoint_that_was_cut_off_while_calibrating_is_made_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.DATA = tmp_path / "var"
    real = making.recipe("block_push")
    small = NetworkConfig(channels=(4, 4, 4), features=8, width=16)
    plan = replace(real, network=small, initial=TrainingConfig(updates=3, batch_size=8))
    monkeypatch.setattr(making, "recipe", lambda task: plan)
    monkeypatch.setattr(calibrating, "SAVE_EVERY", 1)
    draws = np.random.default_rng(0)
    pictures = draws.integers(0, 255, (24, 64, 64, 3), dtype=np.uint8)
    data = pictures, draws.uniform(-1, 1, (24, 2)).astype(np.float32)
    monkeypatch.setattr(making, "demonstrations", lambda *_: data)
    monkeypatch.setattr(making, "collect", lambda *_: (*data, None))

    def make(name: str, stop_at: float = 2.0) -> dict[str, Any]:
        def hear(done: float, _text: str) -> None:
            if done >= stop_at:
                raise KeyboardInterrupt

        path = tmp_path / name / "policy.safetensors"
        return making.make_checkpoint("block_push", IMPLICIT, 0, path, robots=2, steps=3, progress=hear)

    whole = make("whole")
    with pytest.raises(KeyboardInterrupt):
        make("parts", stop_at=0.9)
    assert make("parts") == whole
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["policy.safetensors"]
    policy, manifest = load_checkpoint(tmp_path / "parts" / "policy.safetensors")
    assert manifest["calibration"]["weights_sha256"] == weights_digest(policy)
    assert manifest["calibration"]["estimator"] == policy.estimator
    assert manifest["threshold_percentile"] == 80.0
