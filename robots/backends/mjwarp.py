"""Many simulations of one MuJoCo model, stepped together by MuJoCo Warp: on a CUDA GPU, else on the CPU.

The state lives here, in numpy arrays: before a step it is written to the device, and what comes back is read
for the robots alone that were to move. So all others stay untouched bit for bit, although MuJoCo Warp steps
every world, and the arrays hold everything that decides the future.
"""

import contextlib
import copy
import importlib
import importlib.util
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import mujoco  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from robots.backends.mujoco import SANE
from robots.backends.physics import OF_PLACES, Floats
from robots.fleet import FleetError

NAME = "mjwarp"
INSTALL = ".venv/bin/pip install -r requirements-gpu.txt"

_STATE = ("qpos", "qvel", "ctrl", "act", "qacc_warmstart")
_OF_FORCES = ("sensordata", "actuator_force")
"""Fields that only a step brings up to date, as with MuJoCo itself, except sensors of contacts' places."""
_CONTACTS_A_PAIR = 8
"""Two boxes face to face. All simulations share one list of contacts: it holds what all could have at once,
so that no simulation, whatever becomes of it, takes another's contacts."""
_ROWS = 512
"""Constraint rows of one simulation; one that asks for more is reported as broken."""
_logger = logging.getLogger(__name__)


def missing() -> str | None:
    """What has to be installed before this backend works, with the mend; None if nothing."""
    absent = [name for name in ("warp", "mujoco_warp") if importlib.util.find_spec(name) is None]
    if not absent:
        return None
    return f"the backend mjwarp needs {' and '.join(absent)}, not installed here. Mend: {INSTALL}"


class WarpSimulations:
    """N simulations of one model, in single precision; implements robots.backends.physics.Physics.

    robots: N. derived: names of the MjData fields to be read besides state; those known are xpos, xquat,
    site_xpos, site_xquat, xanchor, xaxis, M, sensordata and actuator_force. threads: ignored. device: a Warp
    device's name such as "cuda:0" or "cpu"; unless given the first CUDA device, or the CPU without one.

    Raises FleetError where MuJoCo Warp is not installed, does not know the device, or cannot simulate
    the model.
    """

    backend = NAME

    def __init__(
        self,
        model: mujoco.MjModel,
        robots: int,
        derived: Sequence[str] = (),
        threads: int | None = None,
        device: str | None = None,
    ) -> None:
        _check(derived)
        self._warp, self._engine, self._note = _load()
        self.model = model
        self._robots = robots
        try:
            self.device = self._warp.get_device(device) if device else self._warp.get_preferred_device()
        except ValueError:
            known = ", ".join(str(known) for known in self._warp.get_devices())
            raise FleetError(f"there is no device {device!r} for mjwarp; valid are {known}") from None
        with self._at_work():
            self._make(robots)
        sizes = [getattr(self._data, name).shape[1] for name in _STATE]
        ends = np.cumsum([0, *sizes]).tolist()
        self.state: Floats = np.zeros((robots, ends[-1]))
        parts = zip(_STATE, ends, ends[1:], strict=False)
        self._parts = {name: self.state[:, start:end] for name, start, end in parts}
        self.positions, self.speeds, self.controls = (self._parts[name] for name in _STATE[:3])
        self._failed = np.zeros(robots, dtype=np.bool_)
        self._graphs: dict[int, Any] = {}
        with self._at_work():
            self._derived = {name: self._read(name) for name in derived}
        self._early = self._early_sensors() if "sensordata" in derived else np.zeros(0, dtype=np.intp)

    def derived(self, name: str) -> NDArray[Any]:
        """See Physics."""
        return self._derived[name]

    def clear(self, robot: int) -> None:
        """See Physics."""
        self.state[robot] = 0.0
        self.positions[robot] = self.model.qpos0
        self._failed[robot] = False

    def refresh(self, robots: Sequence[int] | NDArray[np.intp] | None = None) -> None:
        """See Physics."""
        chosen = np.arange(self._robots) if robots is None else np.asarray(robots, dtype=np.intp)
        self.state[chosen] = self.state[chosen].astype(np.float32)  # What the device is given.
        with self._at_work():
            self._write()
            self._look(chosen)

    def step(self, robots: NDArray[np.intp], substeps: int) -> None:
        """See Physics."""
        if not len(robots):
            return
        with self._at_work():
            self._write()
            self._bad.zero_()
            self._data.overflow.zero_()
            self._run(substeps)
            for name in _STATE:
                if name != "ctrl":
                    self._parts[name][robots] = getattr(self._data, name).numpy()[robots]
            bad = (self._bad.numpy() != 0) | ((self._data.overflow.numpy() & self._fatal) != 0)
            self._failed[robots] |= bad[robots]
            self._keep(robots, _OF_FORCES)
            self._look(robots)

    def restore(self, state: Floats) -> None:
        """See Physics."""
        self.state[:] = state
        self._failed[:] = False
        self.refresh()
        self.state[:] = state  # To the last digit: a task may go on from controls of its own precision.

    def broken(self) -> NDArray[np.bool_]:
        """Which simulations blew up: numbers not finite, beyond sense in any substep, or too many rows."""
        sane = np.isfinite(self.state).all(axis=1) & (np.abs(self.speeds).max(axis=1) < SANE)
        broken: NDArray[np.bool_] = ~sane | self._failed
        return broken

    def _make(self, robots: int) -> None:
        """Model and data on the device."""
        plain = copy.copy(self.model)
        plain.opt.disableflags &= ~int(mujoco.mjtDisableBit.mjDSBL_AUTORESET)  # It never resets by itself.
        try:
            self._model = self._engine.put_model(plain)
        except NotImplementedError as error:
            raise FleetError(f"MuJoCo Warp cannot simulate this model: {error}; use backend mujoco") from None
        contacts = _CONTACTS_A_PAIR * max(1, len(self._model.nxn_geom_pair_filtered))
        self._data = self._engine.make_data(plain, nworld=robots, nconmax=contacts, njmax=_ROWS)
        self._model.opt.warn_overflow = 0  # `broken` tells; the device would print.
        if self.device.is_cuda:  # The CPU goes through everything in order anyway.
            self._model.opt.deterministic = True
        parts = (self._data, self._data.efc, self._data.contact)
        arrays = [array for part in parts for array in vars(part).values() if self._is_array(array)]
        self._as_made = [(array, self._warp.clone(array)) for array in arrays]
        kinds = self._engine.OverflowType
        self._fatal = int(kinds.ALL & ~kinds.ITERATIONS & ~kinds.LS_ITERATIONS)
        self._bad = self._warp.zeros(robots, dtype=self._warp.int32)

    def _is_array(self, value: object) -> bool:
        return isinstance(value, self._warp.array) and value.size > 0

    @contextlib.contextmanager
    def _at_work(self) -> Iterator[None]:
        """On this device; what fails there comes out as a FleetError."""
        try:
            with self._warp.ScopedDevice(self.device):
                yield
        except RuntimeError as error:
            raise FleetError(f"MuJoCo Warp failed on {self.device}: {error}") from error

    def _write(self) -> None:
        """Give the device the state of all simulations, and nothing of what a step before left behind.

        Not all arrays are overwritten whole, and remainders show in stiff constraints: a step from a restored
        snapshot would be another one. So every step begins with the memory as it was made.
        """
        for array, as_made in self._as_made:
            self._warp.copy(array, as_made)
        for name, part in self._parts.items():
            if part.shape[1]:
                getattr(self._data, name).assign(np.ascontiguousarray(part, dtype=np.float32))

    def _run(self, substeps: int) -> None:
        """Step the device; on CUDA as one graph, recorded after a first time that loaded all kernels."""
        if not self.device.is_cuda or substeps not in self._graphs:
            self._advance(substeps)
            self._graphs[substeps] = None
            return
        if self._graphs[substeps] is None:
            with self._warp.ScopedCapture() as capture:
                self._advance(substeps)
            self._graphs[substeps] = capture.graph
        self._warp.capture_launch(self._graphs[substeps])

    def _advance(self, substeps: int) -> None:
        for _ in range(substeps):
            self._engine.step(self._model, self._data)
            self._warp.launch(
                self._note, dim=self._data.qvel.shape, inputs=[self._data.qvel, SANE], outputs=[self._bad]
            )

    def _look(self, robots: NDArray[np.intp]) -> None:
        """Bring fields of places up to date with the state on the device, if anybody reads one."""
        if self._early.size:
            self._engine.fwd_position(self._model, self._data, factorize=False)
            self._engine.fwd_velocity(self._model, self._data)
            self._data.sensordata.zero_()
            self._engine.sensor_pos(self._model, self._data)
            self._engine.sensor_vel(self._model, self._data)
            seen = self._read("sensordata")
            self._derived["sensordata"][np.ix_(robots, self._early)] = seen[np.ix_(robots, self._early)]
        elif any(name in OF_PLACES for name in self._derived):
            self._engine.fwd_kinematics(self._model, self._data)
            self._engine.crb(self._model, self._data)
        self._keep(robots, OF_PLACES)

    def _keep(self, robots: NDArray[np.intp], names: Iterable[str]) -> None:
        for name in names:
            if name in self._derived:
                self._derived[name][robots] = self._read(name)[robots]

    def _early_sensors(self) -> NDArray[np.intp]:
        """Columns of sensordata that tell of positions and speeds, which the end of a step changes."""
        model = self.model
        early = np.flatnonzero(model.sensor_needstage < int(mujoco.mjtStage.mjSTAGE_ACC))
        columns = [np.arange(model.sensor_adr[i], model.sensor_adr[i] + model.sensor_dim[i]) for i in early]
        return np.concatenate(columns) if columns else np.zeros(0, dtype=np.intp)

    def _read(self, name: str) -> Floats:
        if name == "site_xquat":
            bodies = self._read("xquat")[:, self.model.site_bodyid]
            return _turned(bodies, self.model.site_quat)
        return np.array(getattr(self._data, name).numpy(), dtype=np.float64)


def _check(derived: Sequence[str]) -> None:
    """Refuse what would be read wrongly."""
    known = (*sorted(OF_PLACES), *_OF_FORCES)
    for name in derived:
        if name not in known:
            raise FleetError(f"the backend mjwarp does not read {name!r}; valid are {', '.join(known)}")


def _turned(first: Floats, second: Floats) -> Floats:
    """Products of quaternions, w first, (..., 4)."""
    w, v = first[..., :1], first[..., 1:]
    x, u = second[..., :1], second[..., 1:]
    scalar = w * x - (v * u).sum(axis=-1, keepdims=True)
    return np.concatenate([scalar, w * u + x * v + np.cross(v, u)], axis=-1)


@cache
def _load() -> tuple[Any, Any, Any]:
    """Warp, MuJoCo Warp, and the kernel that notes a speed beyond sense; FleetError without them."""
    if problem := missing():
        raise FleetError(problem)
    warp = importlib.import_module("warp")
    warp.config.log_level = warp.LOG_WARNING
    warp.config.enable_backward = False
    if "WARP_CACHE_PATH" not in os.environ:
        kernels = Path(sys.prefix) / "cache" / "warp"  # So that removing .venv leaves nothing behind.
        warp.config.kernel_cache_dir = str(kernels)
        if not kernels.exists():
            _logger.warning(
                "MuJoCo Warp compiles its kernels, once for each model: minutes, kept in %s", kernels
            )
    warp.init()
    if not warp.is_cuda_available():
        warp.config.optimization_level = 0  # Compiles four times as fast, and nobody chooses it for speed.
    engine = importlib.import_module("mujoco_warp")

    def note(speeds: warp.array2d(dtype=float), limit: float, bad: warp.array(dtype=warp.int32)):  # type: ignore
        robot, joint = warp.tid()
        if not (warp.abs(speeds[robot, joint]) < limit):
            bad[robot] = 1

    return warp, engine, warp.kernel(note)
