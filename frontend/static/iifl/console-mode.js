/** Which mode a supervisor's page is in, and how it says so. Pure. */

import { VERDICT_KEYS, keysOf } from "./orders.js";

const withReason = (reason, otherwise) => reason || otherwise;

/**
 * The banner for what is known: `{mode, title, detail}`.
 * `connection` {status, reason}, `state`, `lease` and `seat` as on the wire or null, `means` as in the welcome,
 * `busy`: a command is under way, `resetting`: the hard reset under this lease is confirmed, `answered`: so is the
 * verdict, `byHand`: robots of this run are put right by somebody at their side.
 */
export function consoleMode({ connection, state, lease, seat, means, busy, resetting, answered, byHand }) {
  const before = beforeRun(connection, state);
  if (before) return before;
  const halted = haltedRun(state);
  if (halted) return halted;
  if (lease?.kind === "hard_reset" && byHand) {
    return say("hands", "WAITS FOR HANDS", "It broke a constraint. A technician puts it right at its side; you have nothing to do.");
  }
  if (lease?.kind === "hard_reset") {
    if (resetting) return say("waiting", "WAITING FOR ROBOT", "The hard reset is confirmed and takes some steps.");
    return busy
      ? say("waiting", "WAITING FOR ROBOT", "The confirmation is on its way.")
      : say("reset", "HARD RESET NEEDED", "The robot broke a constraint and stands still. R confirms that it is put back.");
  }
  if (lease?.kind === "verdict") {
    if (busy || answered) return say("waiting", "WAITING FOR ROBOT", "Your answer is on its way.");
    const asked = `WHAT DID THE LAST ${means.push ? "PUSH" : "MOTION"} COME TO?`;
    return say("verdict", asked, `Its camera is not sure. ${VERDICT_KEYS}.`);
  }
  if (lease) {
    const presence = robotOf(state, lease);
    if (presence?.presence === "away") return say("away", "ROBOT IS AWAY", withReason(presence.reason, COMES_BACK));
    if (presence?.presence === "stopped") return say("away", "ROBOT IS STOPPED", withReason(presence.reason, COMES_BACK));
    if (busy) return say("waiting", "WAITING FOR ROBOT", "Your command is under way.");
    if (presence?.presence === "moving" && !lease.assist) return say("moving", "IT IS MOVING", MOVES);
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

const COMES_BACK = "It takes no motion and none of your time; it comes back by itself or by a technician’s word.";
const MOVES = "It takes the next command when it rests; B hands it back.";
const PUSHES = "Click where the push should end; Enter sends.";

function following({ mode, left }, { modes }) {
  const steps = left === 1 ? "One more step" : `${left} more steps`;
  const keys = modes.length > 1 ? "another key changes the way" : "1 begins anew";
  return say("assisting", `FOLLOWS “${mode.toUpperCase()}”`, `${steps}; ${keys}, B hands back.`);
}

/** The state of the robot that is mine, or null. */
export function robotOf(state, lease) {
  return state?.robots.find((robot) => robot.robot === lease?.robot) ?? null;
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

/** Who helps whom while nobody needs this person; `byHand` as for `consoleMode`. */
export function ownDetail(state, byHand = false) {
  const groups = { helped: [], waiting: [], away: [], stopped: [], asking: [], calling: [] };
  for (const robot of state.robots) groups[groupOf(robot)]?.push(robot);
  const { helped, waiting, away, stopped, asking, calling } = groups;
  const parts = helped.length ? [helped.map((robot) => `${holder(state, robot)} has robot ${robot.robot}`).join(", ")] : [];
  const tell = (robots, one, several) => {
    if (robots.length) parts.push(`${names(robots)} ${robots.length > 1 ? several : one}`);
  };
  tell(asking, "waits for an answer", "wait for an answer");
  tell(calling, "asks for help", "ask for help");
  const forWhat = byHand ? "hands" : "a hard reset";
  tell(waiting, `waits for ${forWhat}`, `wait for ${forWhat}`);
  tell(away, "is away", "are away");
  tell(stopped, "is stopped", "are stopped");
  return parts.length ? capital(`${parts.join("; ")}.`) : "All robots are on their own.";
}

function groupOf(robot) {
  if (robot.supervisor !== null) return "helped";
  if (robot.mode === "waiting_reset") return "waiting";
  if (["away", "stopped"].includes(robot.presence)) return robot.presence;
  if (robot.queue === null) return "own";
  return robot.asks ? "asking" : "calling";
}

const names = (robots) => `${robots.length > 1 ? "robots" : "robot"} ${robots.map((robot) => robot.robot).join(", ")}`;

function holder(state, robot) {
  const seat = state.seats.find((one) => one.seat === robot.supervisor);
  return seat?.holder ?? `supervisor ${robot.supervisor}`;
}
