"""Everything a runner holds of one run between two steps, and how it is kept and found again."""

import io
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from iifl_server import seeds
from iifl_server.fleets.means import make_helpers
from iifl_server.fleets.models import Run, RunSnapshot
from iifl_server.fleets.runner.assists import Assist
from iifl_server.fleets.runner.bodies import make_body
from iifl_server.fleets.runner.floor import Floor, SimulatedFloor
from iifl_server.fleets.runner.lease import held
from iifl_server.fleets.runner.real_floor import RealFloor
from iifl_server.fleets.runner.seats import Seat
from iifl_server.fleets.runner.sight import RESUME_GAP, Sights
from iifl_server.fleets.runner.waits import Waits
from iifl_server.learning.models import Checkpoint
from iifl_server.live.leases import Lease
from policy.supervision import Situation, SupervisionConfig, SupervisionState
from robots.fleet import Fleet, Snapshot, Supervisor
from robots.physical import Condition, PhysicalFleet, Presence, is_physical
from robots.registry import make_supervisors

HISTORY = 20
RECENT = 50
"""Steps of the whole fleet's uncertainties that a percentile is taken of."""

Help = tuple[int, int | None, str]
"""Who helps a robot: (seat, person or None for an algorithm, kind)."""


@dataclass
class Session:
    """One run as its runner sees it; `state` moves on only when a step is committed."""

    run: Run
    epoch: int
    config: SupervisionConfig
    fleet: Fleet | PhysicalFleet
    floor: Floor
    """Where its robots move."""
    supervisors: list[Supervisor]
    """Of the seats, in their order."""
    helpers: dict[str, Supervisor]
    """By mode: whose way people may choose."""
    state: SupervisionState
    seats: tuple[Seat, ...]
    sights: Sights
    checkpoint: Checkpoint
    waits: Waits = field(default_factory=Waits)
    leases: dict[int, Lease] = field(default_factory=dict)
    helping: dict[int, Help] = field(default_factory=dict)
    """Robot → who helps it now."""
    released: set[int] = field(default_factory=set)
    """Robots handed back since the last step."""
    assists: dict[int, Assist] = field(default_factory=dict)
    """Robot → the way that its person chose and that is not at its end; never outlives this process."""
    queue: list[int] = field(default_factory=list)
    history: list[deque[float]] = field(default_factory=list)
    """The last uncertainties of each robot."""
    recent: deque[list[float]] = field(default_factory=lambda: deque(maxlen=RECENT))
    situation: Situation | None = None
    """As the last allocation saw it; None in a simulation."""
    conditions: list[Condition] = field(default_factory=list)
    """Of each robot, as last looked at."""
    retrain_due: bool = False
    unsound: dict[int, float] = field(default_factory=dict)
    """Versions whose file is not the one that was entered → when it was last looked at [s, monotonic]."""

    @property
    def id(self) -> int:
        """The run's number."""
        return int(self.run.pk)

    @property
    def real(self) -> RealFloor | None:
        """The floor, where the robots are no simulation."""
        return self.floor if isinstance(self.floor, RealFloor) else None

    @property
    def doubtful(self) -> frozenset[int]:
        """Robots that wait for somebody to say what their last motion came to."""
        return frozenset(self.real.doubtful) if self.real else frozenset()

    def look(self) -> None:
        """Hear of the robots how they are."""
        self.situation = self.floor.situation()
        self.conditions = self.floor.conditions()

    def saved(self) -> tuple[dict[str, Any], bytes]:
        """State as JSON and arrays as npz, for a RunSnapshot."""
        state = {
            "supervision": self.state.to_dict(),
            "seats": [asdict(seat) for seat in self.seats],
            "frame": self.sights.highest,
            "released": sorted(self.released),
            "waits": {"since": list(self.waits.since.items()), "ended": list(self.waits.ended)},
            "history": [list(values) for values in self.history],
            "recent": list(self.recent),
            "retrain_due": self.retrain_due,
            "aside": list(self.real.aside.items()) if self.real else [],
        }
        arrays = {f"fleet.{name}": array for name, array in self.floor.snapshot().items()}
        for part, supervisor in _parts(self):
            arrays |= {f"{part}.{name}": array for name, array in supervisor.snapshot().items()}
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        return state, buffer.getvalue()


def open_session(run: Run) -> Session:
    """Make a run's fleet, and go on from its last snapshot where there is one.

    Raises FleetError or InputError where what was kept does not fit.
    """
    config = SupervisionConfig.from_dict(run.config["supervision"])
    supervisors = make_supervisors(run.task, run.supervisors, run.seed)
    assert run.checkpoint is not None
    fleet = make_body(run)
    sights = Sights(run.robots)
    floor: Floor = RealFloor(run, fleet, sights) if is_physical(fleet) else SimulatedFloor(cast(Fleet, fleet))
    if (floor.by_hand, is_physical(fleet)) != (run.by_hand, run.real):
        run.config |= {"by_hand": floor.by_hand, "real": is_physical(fleet)}
        held(run.pk, run.runner_epoch).update(config=run.config)
    session = Session(
        run=run,
        epoch=run.runner_epoch,
        config=config,
        fleet=fleet,
        floor=floor,
        supervisors=supervisors,
        helpers=make_helpers(run.task, seeds.RUNS + run.seed),
        state=SupervisionState.initial(config),
        seats=tuple(Seat(index, one.name) for index, one in enumerate(supervisors)),
        sights=sights,
        checkpoint=run.checkpoint,
        history=[deque(maxlen=HISTORY) for _ in range(run.robots)],
        conditions=[Condition(Presence.READY)] * run.robots,
    )
    snapshot = RunSnapshot.objects.filter(run=run).order_by("-step").first()
    if snapshot is not None:
        _resume(session, snapshot.state, bytes(snapshot.fleet))
    return session


def _resume(session: Session, state: dict[str, Any], arrays: bytes) -> None:
    session.state = SupervisionState.from_dict(state["supervision"])
    session.seats = tuple(Seat(**seat) for seat in state["seats"])
    session.sights.skip(state["frame"] + RESUME_GAP)
    session.released = set(state["released"])
    session.waits = Waits(dict(state["waits"]["since"]), tuple(state["waits"]["ended"]))
    session.history = [deque(values, maxlen=HISTORY) for values in state["history"]]
    session.recent.extend(state["recent"])
    session.retrain_due = state["retrain_due"]
    if session.real:
        for robot, name in state.get("aside", []):
            session.real.put_aside(robot, name)
    with np.load(io.BytesIO(arrays), allow_pickle=False) as kept:
        session.floor.restore(_part(kept, "fleet."))
        for part, supervisor in _parts(session):
            supervisor.restore(_part(kept, f"{part}."))


def _parts(session: Session) -> list[tuple[str, Supervisor]]:
    """Every supervisor with its name in a snapshot."""
    seats = [(f"supervisor{index}", one) for index, one in enumerate(session.supervisors)]
    return seats + [(f"helper{index}", one) for index, one in enumerate(session.helpers.values())]


def _part(kept: Any, prefix: str) -> Snapshot:
    found: dict[str, NDArray[Any]] = {
        name.removeprefix(prefix): kept[name] for name in kept.files if name.startswith(prefix)
    }
    return found
