"""What pages are told of a run: the one place where its live message is built and sent."""

from typing import Any

import numpy as np

from iifl_server.fleets.runner.assists import going_on
from iifl_server.fleets.runner.learning import RetrainingView
from iifl_server.fleets.runner.seats import no_seat_reason
from iifl_server.fleets.runner.session import Session
from iifl_server.live.announcements import announce_live
from iifl_server.live.clock import now_ms
from iifl_server.live.leases import Lease
from policy.supervision import SupervisionState

METRICS = (
    "successes",
    "autonomous_successes",
    "hard_resets",
    "calls",
    "human_actions",
    "teleoperation_actions",
    "idle_robot_steps",
    "idle_share",
    "switches",
    "interventions",
    "reward_total",
    "rohe",
    "rohe_released",
)


def publish_state(
    session: Session, state: SupervisionState, retraining: RetrainingView, status: str, reason: str
) -> None:
    """Tell everybody who looks at the run."""
    announce_live(session.id, live_message(session, state, retraining, status, reason, now_ms()))


def live_message(
    session: Session,
    state: SupervisionState,
    retraining: RetrainingView,
    status: str,
    reason: str,
    now: float,
) -> dict[str, Any]:
    """`state` as on the wire, and `seats` and `leases` by person."""
    seats: dict[str, Any] = {
        str(seat.person): {"seat": seat.seat, "paused": seat.paused}
        for seat in session.seats
        if seat.person is not None
    }
    seats["reason"] = {"text": no_seat_reason(session.seats, session.run.people)}
    leases = {
        str(lease.person): _lease(session, state, lease)
        for lease in session.leases.values()
        if status != "ended"
    }
    return {
        "state": _state(session, state, retraining, status, reason, now),
        "seats": seats,
        "leases": leases,
    }


def figures(session: Session, state: SupervisionState) -> dict[str, float]:
    """Figures after a step, by name."""
    found = state.metrics(session.config)
    return {
        **{name: found[name] for name in METRICS},
        "wait_p95_s": round(session.waits.p95_s(), 3),
    }


def _state(
    session: Session,
    state: SupervisionState,
    retraining: RetrainingView,
    status: str,
    reason: str,
    now: float,
) -> dict[str, Any]:
    places = {robot: place for place, robot in enumerate(session.queue)}
    robots = [
        {
            "robot": robot,
            "mode": mode.value,
            "supervisor": int(state.supervisor[robot]) if state.supervisor[robot] >= 0 else None,
            "uncertainty": float(state.uncertainty[robot]),
            "queue": places.get(robot),
            "waited_s": round(session.waits.waited_s(robot, now), 2),
            "helped": bool(state.helped[robot]),
            "presence": session.conditions[robot].presence.value,
            "reason": session.conditions[robot].reason,
            "asks": robot in session.doubtful,
            "aside": bool(session.real and robot in session.real.aside),
        }
        for robot, mode in enumerate(state.modes())
    ]
    seats = [
        {
            "seat": seat.seat,
            "kind": "algorithm" if seat.person is None else "person",
            "holder": seat.holder,
            "paused": seat.paused,
            "robot": state.robot_of(seat.seat),
            "last_intervention_s": None
            if seat.last_intervention_at is None
            else round((now - seat.last_intervention_at) / 1000, 1),
        }
        for seat in session.seats
    ]
    return {
        "type": "state",
        "run": session.id,
        "step": state.step,
        "server_time": now,
        "status": status,
        "status_reason": reason,
        "threshold": session.config.uncertainty_threshold,
        "robots": robots,
        "seats": seats,
        "metrics": figures(session, state),
        "policy": {
            "version": session.checkpoint.version,
            "trained_on": session.checkpoint.trained_on,
            "retraining": {
                "status": retraining.status,
                "progress": retraining.progress,
                "from_step": retraining.from_step,
                "message": retraining.message,
            },
        },
    }


def _lease(session: Session, state: SupervisionState, lease: Lease) -> dict[str, Any]:
    uncertainty = float(state.uncertainty[lease.robot])
    assist = going_on(session.assists, session.leases, ()).get(lease.robot)
    recent = np.array([value for step in session.recent for value in step])
    return {
        "robot": lease.robot,
        "token": lease.token,
        "kind": lease.kind,
        "step": lease.begun_step,
        "uncertainty": uncertainty,
        "threshold": session.config.uncertainty_threshold,
        "percentile": float((recent < uncertainty).mean()) if len(recent) else 0.0,
        "history": list(session.history[lease.robot]),
        "confirmed": bool(state.reset_confirmed[lease.robot]),
        "assist": {"mode": assist.mode, "left": assist.left} if assist else None,
    }
