"""One step of a run: what is ordered, what has ended, and the record of both before anybody hears of it."""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iifl_server.fleets.models import HelpKind
from iifl_server.fleets.runner import assists
from iifl_server.fleets.runner.assists import Assist
from iifl_server.fleets.runner.floor import Landed, Ordered, as_orders, as_result
from iifl_server.fleets.runner.inbox import Inbox
from iifl_server.fleets.runner.judging import Accepted
from iifl_server.fleets.runner.publishing import figures
from iifl_server.fleets.runner.recording import StepRecord, record_step
from iifl_server.fleets.runner.session import Help, Session
from iifl_server.learning.models import Retraining
from iifl_server.live.clock import now_ms
from policy.supervision import Mode, Orders, SupervisionState, advance, order
from policy.supervision.state import NOBODY


@dataclass
class _Plan:
    """What supervisors do in this step, gathered before anything moves."""

    commands: list[Accepted]
    interventions: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    confirmed: list[int] = field(default_factory=list)
    """Robots whose supervisor confirms a hard reset."""
    seats: dict[int, int] = field(default_factory=dict)
    """Robot → the seat that its intervention comes from."""
    pushes: dict[int, Accepted] = field(default_factory=dict)
    carried_on: dict[int, Assist] = field(default_factory=dict)
    resets: dict[int, Help] = field(default_factory=dict)
    """Hard resets that algorithms begin."""


class Stepping:
    """Steps of one session."""

    def __init__(self, session: Session, inbox: Inbox, stopped: Callable[[], bool]) -> None:
        self._session, self._inbox, self._stopped = session, inbox, stopped

    def step(
        self, state: SupervisionState, observations: NDArray[Any], actions: NDArray[np.float32]
    ) -> "Retraining | None":
        """Carry out what was ordered, commit it, and only then tell; gives the retraining that begins.

        Where a stop came first nothing is carried out, and the state is that of the step before.
        """
        session = self._session
        plan = self._plan(state)
        orders = order(
            session.config, state, actions, plan.interventions, plan.confirmed, situation=session.situation
        )
        if self._stopped():
            session.assists = {}
            self._inbox.settle_all(plan.commands, "The fleet was stopped before this was carried out.")
            return None
        answered = self._answer(plan)
        put_right = self._put_right(plan)
        ordered = self._ordered(state, observations, orders, plan)
        session.floor.begin(orders, ordered, state.step)
        landed = session.floor.landed()
        return self._take_in(state, orders, plan, landed, put_right, answered)

    def settle(self) -> None:
        """Tell people of motions that did not come to their end; right after they ended."""
        self._inbox.fallen(self._session.floor.fallen())

    # --- Before the robots move ---------------------------------------------------------------------

    def _plan(self, state: SupervisionState) -> _Plan:
        session = self._session
        plan = _Plan(self._inbox.claim())
        still = session.situation.still if session.situation else np.zeros(session.run.robots, dtype=bool)
        for one in plan.commands:
            robot = one.command.robot
            if one.command.kind == HelpKind.HARD_RESET:
                plan.confirmed.append(robot)
            elif one.command.kind == HelpKind.TELEOPERATION:
                assert one.lease is not None
                plan.pushes[robot], plan.seats[robot] = one, one.lease.seat
                if one.action is not None:
                    plan.interventions[robot] = one.action
        commanded = [one.command.robot for one in plan.commands]
        going_on = assists.going_on(session.assists, session.leases, commanded)
        plan.carried_on = {robot: one for robot, one in going_on.items() if not still[robot]}
        session.assists = going_on | assists.begun(plan.pushes.values())
        for robot, assist in session.assists.items():
            if still[robot]:
                continue
            # From the true state at this moment: no page ever says what a supervisor would do.
            plan.interventions[robot] = self._way(assist.mode, robot)
            plan.seats[robot] = assist.lease.seat
        self._algorithms(state, plan, still)
        return plan

    def _way(self, mode: str, robot: int) -> NDArray[np.float32]:
        action: NDArray[np.float32] = self._session.helpers[mode].actions(self._session.fleet, [robot])[0]
        return action

    def _algorithms(self, state: SupervisionState, plan: _Plan, still: NDArray[np.bool_]) -> None:
        session = self._session
        for seat, supervisor in zip(session.seats, session.supervisors, strict=True):
            robot = state.robot_of(seat.seat)
            if robot is None or seat.person is not None or still[robot]:
                continue
            if state.mode(robot) is Mode.RESETTING:
                if not state.reset_confirmed[robot]:
                    plan.resets[robot] = (seat.seat, None, HelpKind.HARD_RESET.value)
                plan.confirmed.append(robot)
            else:
                action = supervisor.actions(session.fleet, [robot])[0]
                if session.real:
                    action = another_way(action, session.real.refused(robot))
                plan.interventions[robot] = action
                plan.seats[robot] = seat.seat

    def _answer(self, plan: _Plan) -> set[int]:
        """What people said that motions came to; the robots that they said it of."""
        real, answered = self._session.real, set()
        for one in plan.commands:
            if one.command.kind == HelpKind.VERDICT and real and one.command.said:
                real.answer(one.command.robot, one.command.said)
                answered.add(one.command.robot)
        return answered

    def _put_right(self, plan: _Plan) -> list[int]:
        """Robots that were put right by hand, and whose camera agrees."""
        asked = {one.command.robot: one for one in plan.commands if one.command.kind == HelpKind.PUT_RIGHT}
        refused = self._session.floor.hard_reset(list(asked)) if asked else {}
        for robot, reason in refused.items():
            self._inbox.refuse(asked[robot], reason)
            plan.commands.remove(asked[robot])
        return [robot for robot in asked if robot not in refused]

    def _ordered(
        self, state: SupervisionState, observations: NDArray[Any], orders: Orders, plan: _Plan
    ) -> list[Ordered]:
        session = self._session
        found = []
        for robot in np.flatnonzero(orders.active).tolist():
            seat = plan.seats.get(robot)
            holder = session.seats[seat] if seat is not None else None
            found.append(
                Ordered(
                    robot=robot,
                    action=orders.actions[robot],
                    observation=observations[robot],
                    author=holder.holder if holder else f"policy version {session.checkpoint.version}",
                    person=holder.person if holder else None,
                    seat=seat,
                    command=plan.pushes.get(robot),
                    assist=plan.carried_on.get(robot),
                )
            )
        session.assists = assists.after_step(session.assists, [one.robot for one in found])
        return found

    # --- After they moved ---------------------------------------------------------------------------

    def _take_in(
        self,
        state: SupervisionState,
        orders: Orders,
        plan: _Plan,
        landed: list[Landed],
        put_right: list[int],
        answered: Collection[int],
    ) -> Retraining | None:
        session = self._session
        result = as_result(landed, session.run.robots)
        outcome = advance(
            session.config,
            state,
            as_orders(landed, orders),
            result.reward,
            result.done,
            result.violation,
            result.success,
            put_right=put_right,
        )
        session.fleet.reset(outcome.soft_resets)
        session.floor.hard_reset([robot for robot in outcome.hard_resets if robot not in put_right])
        if not session.real:
            for robot in {*np.flatnonzero(orders.active).tolist(), *outcome.hard_resets}:
                session.sights.moved(robot)
        session.state = _let_go(outcome.state, landed, answered)
        commands = [one for one in plan.commands if one.command.kind != HelpKind.TELEOPERATION]
        commands += [one.ordered.command for one in landed if one.ordered.command is not None]
        session.released = {one.command.robot for one in commands if one.command.kind == HelpKind.HAND_BACK}
        self._note_activity([*plan.interventions, *plan.confirmed])
        record = StepRecord(
            step=state.step,
            landed={one.ordered.robot: one for one in landed},
            samples=outcome.samples,
            commands=commands,
            carried_on={one.ordered.robot: one.ordered.assist for one in landed if one.ordered.assist},
            by_algorithm=plan.resets | _by_algorithm(landed),
            helping=session.helping,
            figures={
                **figures(session, session.state),
                "mean_uncertainty": float(state.uncertainty.mean()),
            },
        )
        retrain = outcome.retrain or session.retrain_due
        begun = record_step(session, record, retrain=retrain)
        session.retrain_due = retrain and begun is None
        self._inbox.executed(commands)
        self.settle()
        return begun

    def _note_activity(self, robots: Collection[int]) -> None:
        session, now = self._session, now_ms()
        seats = {session.helping[robot][0] for robot in robots if robot in session.helping}
        session.seats = tuple(
            replace(seat, last_intervention_at=now) if seat.seat in seats else seat for seat in session.seats
        )


def another_way(action: NDArray[np.float32], refused: int) -> NDArray[np.float32]:
    """What an algorithm tries where a robot has refused it so often: the same, farther to a side."""
    if refused == 0 or action.shape != (2,):
        return action
    angle = math.pi / 4 * ((refused + 1) // 2) * (-1) ** refused
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    turned: NDArray[np.float32] = (turn @ action).astype(np.float32)
    return np.clip(turned, -1.0, 1.0)


def _by_algorithm(landed: Collection[Landed]) -> dict[int, Help]:
    return {
        one.ordered.robot: (one.ordered.seat, None, HelpKind.TELEOPERATION.value)
        for one in landed
        if one.ordered.seat is not None and one.ordered.person is None
    }


def _let_go(
    state: SupervisionState, landed: Collection[Landed], answered: Collection[int]
) -> SupervisionState:
    """Whoever came only to say what happened is free again."""
    own = [one.ordered.robot for one in landed if one.ordered.robot in answered and one.ordered.seat is None]
    supervisor = state.supervisor.copy()
    supervisor[own] = NOBODY
    return replace(state, supervisor=supervisor)
