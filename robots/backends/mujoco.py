"""Many simulations of one MuJoCo model, stepped together by the threads of `mujoco.batch`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mujoco  # type: ignore[import-untyped]
import numpy as np
from mujoco.batch import Batch, SimulationError  # type: ignore[import-untyped]
from numpy.typing import NDArray

from robots.backends.physics import OF_PLACES
from robots.backends.physics import Floats as Floats
from robots.fleet import FleetError

SANE = 1000.0
"""A speed above what any body here reaches [m/s, rad/s]; a simulation beyond it has blown up."""

_CURRENT = int(mujoco.mjtStage.mjSTAGE_VEL)  # Without it, derived fields lag a substep behind the state.
_NONE, _PLACES, _FORCES = (
    int(stage)
    for stage in (mujoco.mjtStage.mjSTAGE_NONE, mujoco.mjtStage.mjSTAGE_POS, mujoco.mjtStage.mjSTAGE_ACC)
)
_OF_FORCES = {"actuator_force"}


def load_model(path: Path) -> mujoco.MjModel:
    """Compile a model file.

    Raises FleetError unless it switches MuJoCo's silent reset off (`<flag autoreset="disable"/>`), which
    would hide a simulation that blew up. MuJoCo's warnings are not written to a file in the working folder:
    each batch counts its own.
    """
    mujoco.set_mju_user_warning(lambda message: None)
    model = mujoco.MjModel.from_xml_path(str(path))
    if not model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_AUTORESET:
        raise FleetError(f'{path} lacks <flag autoreset="disable"/>; blown-up simulations would be hidden')
    return model


class Simulations:
    """N simulations of one model; implements robots.backends.physics.Physics.

    robots: N. derived: names of the MjData fields to be read besides state, for instance "xpos"; they must
    be named here, since a field that is bound later reads zero until the next step. threads: at most; the
    machine's cores unless given, and never more than those.
    """

    backend = "mujoco"

    def __init__(
        self, model: mujoco.MjModel, robots: int, derived: Sequence[str] = (), threads: int | None = None
    ) -> None:
        cores = os.cpu_count() or 1
        self.model = model
        self._batch = Batch(model, robots, nthread=max(1, min(threads or cores, cores, robots)))
        self._failed = np.zeros(robots, dtype=np.bool_)
        self._derived = {name: self._batch.bind(name) for name in derived}
        self._after_step = max((_needed(model, name) for name in derived), default=_NONE)
        self.positions: Floats = self._batch.bind("qpos")
        """(N, nq), live: what is written here is the simulation's state."""
        self.speeds: Floats = self._batch.bind("qvel")
        """(N, nv), live."""
        self.controls: Floats = self._batch.bind("ctrl")
        """(N, nu), live."""
        self.state: Floats = self._batch.state
        """(N, K), live: everything that decides the future of each simulation; to be saved."""

    def derived(self, name: str) -> NDArray[Any]:
        """A field named at construction, (N, ...), read-only; it tells of the state after the last step."""
        field: NDArray[Any] = self._derived[name]
        return field

    def clear(self, robot: int) -> None:
        """Set one simulation up at the model's initial pose, at rest; `refresh` must follow."""
        self.state[robot] = 0.0
        self.positions[robot] = self.model.qpos0
        self._batch.bind("eq_active")[robot] = self.model.eq_active0
        self._batch.warning[robot] = 0
        self._failed[robot] = False

    def refresh(self, robots: Sequence[int] | NDArray[np.intp] | None = None) -> None:
        """Bring derived fields up to date after writes to the state; those of sensors of force stay old."""
        ids = None if robots is None else np.asarray(robots, dtype=np.intp)
        self._run(self._batch.forward, ids, stage=_CURRENT)

    def step(self, robots: NDArray[np.intp], substeps: int) -> None:
        """Advance these simulations by substeps of the model's time step; the others stay untouched."""
        if len(robots):
            self._run(self._batch.step, robots, nstep=substeps, stage=self._after_step)

    def restore(self, state: Floats) -> None:
        """Go on from a copy of `state`."""
        self.state[:] = state
        self._batch.warning[:] = 0
        self._failed[:] = False
        self.refresh()

    def broken(self) -> NDArray[np.bool_]:
        """Which simulations blew up: MuJoCo warned, or numbers are not finite or beyond all sense; (N,)."""
        finite, fast = np.isfinite(self.state), np.abs(self.speeds) >= SANE
        warned = self._batch.warning
        if finite.all() and not (fast.any() or warned.any()):  # As nearly always: no look at each one.
            return self._failed.copy()
        broken: NDArray[np.bool_] = (
            ~finite.all(axis=1)
            | fast.any(axis=1)
            | warned.reshape(len(finite), -1).any(axis=1)
            | self._failed
        )
        return broken

    def _run(self, call: Any, robots: NDArray[np.intp] | None, **options: int) -> None:
        try:
            call(ids=robots, **options)
        except SimulationError as error:  # The others ran; `broken` reports these.
            self._failed[error.ids] = True


def _needed(model: mujoco.MjModel, name: str) -> int:
    """What has to be computed after a step to bring a field up to date, as a mujoco.mjtStage."""
    if name in _OF_FORCES:
        return _NONE  # Whatever is computed, forces are those of the last substep.
    if name in OF_PLACES:
        return _PLACES
    if name == "sensordata":
        stages = model.sensor_needstage
        return int(max(stages[stages != _FORCES], default=_NONE))
    return _CURRENT
