"""Drives one run on the flow clock: a step every `pace` seconds, people's commands taken in between."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from iifl_server.accounts.rights import who_may_supervise
from iifl_server.errors import NoAnswerError, ServerError
from iifl_server.fleets import services
from iifl_server.fleets.models import HelpKind, Intervention, InterventionStatus, RunStatus
from iifl_server.fleets.runner import learning, lease
from iifl_server.fleets.runner.asking import Ask, ask_inference
from iifl_server.fleets.runner.cameras import ROUND_S, Cameras
from iifl_server.fleets.runner.inbox import Inbox
from iifl_server.fleets.runner.publishing import publish_state
from iifl_server.fleets.runner.recording import take_out
from iifl_server.fleets.runner.seats import take_seats
from iifl_server.fleets.runner.session import Help, Session
from iifl_server.fleets.runner.stepping import Stepping
from iifl_server.learning.deciding import actions_of, request
from iifl_server.live.clock import now_ms
from iifl_server.live.leases import next_leases, store_leases
from iifl_server.live.presence import present_people, read_presence
from policy.supervision import Mode, SupervisionState

logger = logging.getLogger(__name__)

BEAT_S = 2.0
STATUS_S = 0.25
"""How soon a stop is shown; whether robots may move is asked right before they do."""
RETRY_S = 0.5
LEAST_S = 0.1
"""Between two steps of robots that are no simulation: one that refuses every motion makes no storm."""
LOOK_S = 0.02
"""How often it is looked whether one of their motions has ended."""
REASON_LENGTH = 240
ANIMATION_SHARE = 0.6
ANIMATION_S = 0.6
"""A push is shown in motion for this share of the pace, and no longer than this."""
SWEEP_AFTER = timedelta(seconds=15)


class EndedError(ServerError):
    """The run is over."""


class Driver:
    """One run and what happens to it between two steps."""

    def __init__(
        self,
        session: Session,
        *,
        ask: Ask = ask_inference,
        leaving: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.session = session
        self._ask, self._leaving, self._clock = ask, leaving, clock
        self._cameras = Cameras(session)
        self._inbox = Inbox(session)
        self._stepping = Stepping(session, self._inbox, self._asked_to_stop)
        self._retraining = learning.RetrainingView()
        self._shown: SupervisionState = session.state
        self._floor_stopped: str | None = None
        self._status = self._told = (RunStatus.STARTING.value, "")
        self._acted_at = self._beaten_at = self._asked_at = self._framed_at = self._due = -1e9

    def tick(self) -> None:
        """One step of the fleet, or a wait where it may not move.

        Raises EndedError when the run is over and LeaseLostError when another runner has it; robots do
        not move in either case, nor while the broker or the workers do not answer.
        """
        begun = self._clock()
        session = self.session
        self._refresh(force=True)
        self._retraining = learning.watch(session)
        present = present_people(read_presence(session.id), now_ms())
        may = who_may_supervise(present)
        present = {person: one for person, one in present.items() if person in may}
        session.seats = take_seats(session.seats, present, session.run.people)
        session.look()
        if self._stopped:
            self._hold(*self._status)
            return
        if self._nothing_to_ask():
            self._publish("running")
            self._attend(begun + session.run.pace, until_stirred=True)
            return
        observations = session.fleet.observe()
        asked = request(
            {"path": session.checkpoint.path, "sha256": session.checkpoint.sha256},
            observations,
            session.config,
            session.state,
            [seat.available for seat in session.seats],
            sorted(session.released),
            session.run.seed,
            session.situation,
        )
        try:
            answer = self._ask(asked, self._while_asking)
        except NoAnswerError as error:
            self._hold("held", str(error))
            return
        if "error" in answer:
            reason = answer["message"].partition("\n")[0][:REASON_LENGTH]
            if answer["error"] == "checkpoint" or (
                answer["error"] == "away" and session.checkpoint.version == 1
            ):
                reason = f"{reason.rstrip('.')}. {learning.set_aside(session)}"
            self._hold("held", reason)
            return
        allocated = SupervisionState.from_dict(answer["state"])
        self._allocate(allocated, answer["queue"])
        self._publish("running")
        # On a beat of its own: what a step costs does not stretch the pace, unless it costs half of it.
        self._due = max(self._due + session.run.pace, begun + session.run.pace / 2)
        if self._somebody_is_ready(allocated):
            self._due = max(self._acted_at + LEAST_S, self._clock())
        self._attend(self._due, until_stirred=True)
        if self._leaving() or self._stopped:
            return
        self._step(allocated, observations, actions_of(answer))

    def _nothing_to_ask(self) -> bool:
        """Every robot moves or is away, nothing has ended, and nobody has ordered anything."""
        where = self.session.situation
        if where is None or self.session.floor.stirred() or self._inbox.waiting:
            return False
        return bool((where.busy | where.away).all())

    def _somebody_is_ready(self, state: SupervisionState) -> bool:
        """A robot that is no simulation can go on by itself: it waits for no beat."""
        where = self.session.situation
        if where is None:
            return False
        return bool((~where.still & ~state.violated & (state.supervisor < 0)).any())

    # --- Before the robots move ---------------------------------------------------------------------

    def _allocate(self, state: SupervisionState, queue: list[int]) -> None:
        """Take the new allocation over: queue, waits, leases."""
        session, now = self.session, now_ms()
        before, session.helping = session.helping, helping(session, state)
        arrived = [
            robot for robot, (seat, *_) in session.helping.items() if before.get(robot, [None])[0] != seat
        ]
        session.queue = queue
        session.waits = session.waits.update(queue, arrived, now)
        for robot, value in enumerate(state.uncertainty):
            session.history[robot].append(float(value))
        session.recent.append(state.uncertainty.tolist())
        people = {
            robot: (seat, person, kind)
            for robot, (seat, person, kind) in session.helping.items()
            if person is not None
        }
        session.leases = next_leases(people, session.leases, state.step)
        store_leases(session.id, session.leases)
        self._shown = state

    def _step(
        self, state: SupervisionState, observations: NDArray[np.generic], actions: NDArray[np.float32]
    ) -> None:
        before = self.session.state
        begun = self._stepping.step(state, observations, actions)
        if self.session.state is before:
            return
        self._shown, self._acted_at = self.session.state, self._clock()
        if begun is not None:
            learning.send(begun)

    def _asked_to_stop(self) -> bool:
        """Looked at anew, right before robots move."""
        self._refresh(force=True)
        return self._stopped

    # --- Between two steps --------------------------------------------------------------------------

    @property
    def _stopped(self) -> bool:
        return self._status[0] == RunStatus.STOPPED

    def _refresh(self, *, force: bool = False) -> None:
        """Heartbeat, and the status that people asked for."""
        session, now = self.session, self._clock()
        if now - self._beaten_at >= BEAT_S:
            lease.beat(session.id, session.epoch)
            self._beaten_at = now
            self._sweep()
        if force or now - self._asked_at >= STATUS_S:
            self._status = lease.current_status(session.id, session.epoch)
            self._asked_at = now
            self._pass_on_stop()
        if self._status[0] == RunStatus.ENDED:
            publish_state(session, self._shown, self._retraining, "ended", self._status[1])
            raise EndedError(f"run {session.id} has ended")

    def _attend(self, until: float, *, until_stirred: bool = False) -> None:
        """Frames out and commands in, until a time on the clock, a stop, or the runner's leaving.

        Commands are read at least once: a fleet that is slower than its pace still hears people.
        until_stirred: robots that are no simulation wait no longer than until something ends or is ordered.
        """
        real = self.session.real
        while not self._leaving():
            self._meanwhile()
            if self._stopped and self._status != self._told:
                return
            left = until - self._clock()
            pause = min(left, max(self._framed_at + ROUND_S - self._clock(), 0.005))
            if real:
                pause = min(pause, LOOK_S)
            self._inbox.receive(max(1, int(pause * 1000)) if left > 0 else 0, stopped=self._stopped)
            self._take_out()
            if left <= 0 or (until_stirred and real and (real.stirred() or self._inbox.waiting)):
                return

    def _take_out(self) -> None:
        """Robots that somebody takes out, or gives back, at their side: at once."""
        real = self.session.real
        for one in self._inbox.claim_aside():
            if real is None:
                continue
            name = take_out(one)
            real.put_aside(one.command.robot, name)
            self._inbox.executed([one])

    def _pass_on_stop(self) -> None:
        """A stop reaches robots that are no simulation as soon as it is known, and its end likewise."""
        asked = self._status[1] if self._stopped else None
        if asked != self._floor_stopped:
            self._floor_stopped = asked
            if asked is None:
                self.session.floor.release()
            else:
                off = asked.endswith(services.MOTORS_OFF.removeprefix("{name}"))
                self.session.floor.stop(asked, motors_off=off)

    def _meanwhile(self) -> None:
        """What goes on whatever the fleet waits for."""
        self._refresh()
        now = self._clock()
        if now - self._framed_at >= ROUND_S:
            self._framed_at = now
            motion = min(ANIMATION_S, ANIMATION_SHARE * self.session.run.pace)
            self._cameras.publish(min(1.0, (now - self._acted_at) / motion))

    def _while_asking(self) -> None:
        if self._leaving():
            raise NoAnswerError("The runner is leaving.")
        self._meanwhile()

    def _hold(self, status: str, reason: str) -> None:
        """All robots still: say why, and look again soon. What people chose before, they choose anew."""
        self.session.assists = {}
        if (status, reason) != self._told:
            logger.warning("run %s is %s: %s", self.session.id, status, reason)
        self._stepping.settle()
        self._publish(status, reason)
        self._attend(self._clock() + RETRY_S)

    def _publish(self, status: str, reason: str = "") -> None:
        self._told = (status, reason)
        publish_state(self.session, self._shown, self._retraining, status, reason)

    def _sweep(self) -> None:
        """Settle commands that were committed and never reached the stream."""
        lost = Intervention.objects.filter(
            run=self.session.id,
            status=InterventionStatus.PENDING,
            created_at__lt=timezone.now() - SWEEP_AFTER,
        )
        lost.update(
            status=InterventionStatus.LATE, reason="It did not reach the fleet.", decided_at=timezone.now()
        )


def helping(session: Session, state: SupervisionState) -> dict[int, Help]:
    """Robot → who helps it in this allocation."""
    found: dict[int, Help] = {}
    for robot in np.flatnonzero(state.supervisor >= 0).tolist():
        seat = int(state.supervisor[robot])
        resetting = state.mode(robot) is Mode.RESETTING
        kind = HelpKind.HARD_RESET if resetting else HelpKind.TELEOPERATION
        if robot in session.doubtful:
            kind = HelpKind.VERDICT
        found[robot] = (seat, session.seats[seat].person, kind.value)
    return found
