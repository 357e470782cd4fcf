/** Which mode a supervisor's page is in, and how it says so. Pure. */

import { keysOf } from "./orders.js";

const withReason = (reason, otherwise) => reason || otherwise;

/**
 * The banner for what is known: `{mode, title, detail}`.
 * `connection` {status, reason}, `state`, `lease` and `seat` as on the wire or null, `means` as in the welcome,
 * `busy`: a command is under way, `resetting`: the hard reset under this lease is confirmed.
 */
export function consoleMode({ connection, state, lease, seat, means, busy, resetting }) {
  const before = beforeRun(connection, state);
  if (before) return before;
  const halted = haltedRun(state);
  if (halted) return halted;
  if (lease?.kind === "hard_reset") {
    if (resetting) return say("waiting", "WAITING FOR ROBOT", "The hard reset is confirmed and takes some steps.");
    return busy
      ? say("waiting", "WAITING FOR ROBOT", "The confirmation is on its way.")
      : say("reset", "HARD RESET NEEDED", "The robot broke a constraint and stands still. R confirms that it is put back.");
  }
  if (lease) {
    if (busy) return say("waiting", "WAITING FOR ROBOT", "Your command is under way.");
    if (lease.assist) return following(lease.assist, means);
    return say("mine", "YOU HAVE THE ROBOT", means.push ? PUSHES : `${capital(keysOf(means))}; B hands back.`);
  }
  if (seat && seat.seat === null) {
    const reason = withReason(seat.reason, "You hold no supervisor’s seat, so no robot will call you.");
    return say("no-seat", "WATCHING ONLY", reason);
  }
  if (seat?.paused) return say("paused", "PAUSED", "You keep your seat and are called for nothing. P ends the pause.");
  return say("own", "ROBOTS ON THEIR OWN", "You are called as soon as a robot needs you.");
}

const PUSHES = "Click where the push should end; Enter sends.";

function following({ mode, left }, { modes }) {
  const steps = left === 1 ? "One more step" : `${left} more steps`;
  const keys = modes.length > 1 ? "another key changes the way" : "1 begins anew";
  return say("assisting", `FOLLOWS “${mode.toUpperCase()}”`, `${steps}; ${keys}, B hands back.`);
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function say(mode, title, detail) {
  return { mode, title, detail };
}

function beforeRun(connection, state) {
  if (connection.status === "refused") return say("offline", "DISCONNECTED", connection.reason);
  if (connection.status === "offline") {
    return say("offline", "OFFLINE", `${connection.reason} Nothing that you press reaches a robot.`);
  }
  if (connection.status === "no-run") {
    return say("no-run", "NO RUN YET", withReason(connection.reason, "This page begins by itself as soon as a run does."));
  }
  if (connection.status === "connecting" || !state) {
    return say("starting", "CONNECTING", "Asking the server for the run.");
  }
  return null;
}

function haltedRun(state) {
  const reason = state.status_reason;
  switch (state.status) {
    case "stopped":
      return say("stopped", "STOPPED", withReason(reason, "A person stopped the fleet. No robot moves until it is started."));
    case "held":
      return say("held", "HELD STILL", withReason(reason, "The server holds every robot still and goes on by itself."));
    case "starting":
      return say("starting", "STARTING", withReason(reason, "The fleet is being set up."));
    case "ended":
      return say("ended", "RUN ENDED", withReason(reason, "Every step of this run is done."));
    default:
      return null;
  }
}

/** Who helps whom while nobody needs this person. */
export function ownDetail(state) {
  const away = state.robots.filter((robot) => robot.mode !== "autonomous");
  const calling = state.robots.filter((robot) => robot.mode === "autonomous" && robot.queue !== null);
  if (away.length + calling.length === 0) return "All robots are on their own.";
  const parts = [];
  const helped = away.filter((robot) => robot.supervisor !== null);
  const waiting = away.filter((robot) => robot.supervisor === null);
  if (helped.length) parts.push(helped.map((robot) => `${holder(state, robot)} has robot ${robot.robot}`).join(", "));
  if (calling.length) parts.push(`${names(calling)} ${calling.length > 1 ? "ask" : "asks"} for help`);
  if (waiting.length) parts.push(`${names(waiting)} ${waiting.length > 1 ? "wait" : "waits"} for a hard reset`);
  return capital(`${parts.join("; ")}.`);
}

const names = (robots) => `${robots.length > 1 ? "robots" : "robot"} ${robots.map((robot) => robot.robot).join(", ")}`;

function holder(state, robot) {
  const seat = state.seats.find((one) => one.seat === robot.supervisor);
  return seat?.holder ?? `supervisor ${robot.supervisor}`;
}
