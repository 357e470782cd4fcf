/** What robots of a site need of somebody's hands, in which order, and in which words. Pure. */

import { robotWords } from "./robot-words.js";

const PUT_RIGHT =
  "It broke a constraint and stands still. Put things right by hand, step back, then say so: " +
  "it moves again once its camera agrees.";
const AWAY =
  "Mend what the reason says; it comes back by itself. Take it out while you work at it, and give it back when it may move.";
const STOPPED = "Look why before it moves again. Taking it out and giving it back ends its stop.";
const RANKS = { violation: 0, away: 1, stopped: 2, served: 3 };
const ACTS = { putRight: false, takeOut: false, giveBack: false };

/**
 * What a robot needs, or null: `{kind, shape, title, reason, todo, acts}`; `kind` is violation, away or stopped,
 * `acts` says which of putRight, takeOut and giveBack make sense. Whether a robot that is away was taken out is
 * known to its reason alone, so that both ways are offered.
 */
export function needOf(robot, state, byHand) {
  const violated = byHand && robot.mode === "waiting_reset";
  const away = robot.presence === "away";
  const { reason } = robot;
  const acts = { putRight: violated, takeOut: true, giveBack: away };
  if (violated) {
    const title = away ? "Waits for hands, and is away" : "Waits for hands";
    return { kind: "violation", shape: "reset", title, reason, todo: PUT_RIGHT, acts };
  }
  if (away) return { kind: "away", shape: "cross", title: "Away", reason, todo: AWAY, acts };
  // Where the whole fleet is stopped, that is said once, above.
  if (robot.presence === "stopped" && state.status !== "stopped") {
    return { kind: "stopped", shape: "square", title: "Stopped", reason, todo: STOPPED, acts };
  }
  return null;
}

/** What is shown of a robot that needed hands until a moment ago: how it is now, and nothing to press. */
export function servedOf(robot, state, byHand) {
  const { shape, word } = robotWords(robot, state.seats, null, byHand);
  const title = word.charAt(0).toUpperCase() + word.slice(1);
  return { kind: "served", shape, title, reason: robot.reason, todo: "", acts: ACTS };
}

/**
 * The robots that need hands, `[{robot, since, need}]`: violations first, and within a kind in the order in which they
 * came, so that nothing changes places under a thumb. `before`: the last such list; `served(robot)`: whether one
 * that needs nothing any more is still worth showing; `now`: since when a new one waits.
 */
export function handsQueue(before, state, byHand, served, now) {
  const known = new Map(before.map((item, index) => [item.robot, { ...item, index }]));
  const items = [];
  for (const robot of state.robots) {
    const was = known.get(robot.robot);
    let need = needOf(robot, state, byHand);
    if (!need && was && served(robot.robot)) need = servedOf(robot, state, byHand);
    if (!need) continue;
    const place = need.kind === "served" ? was.place : RANKS[need.kind];
    const fresh = !was || was.need.kind === "served";
    items.push({ robot: robot.robot, since: fresh && need.kind !== "served" ? now : was.since, need, place });
  }
  const index = (item) => known.get(item.robot)?.index ?? Infinity;
  return items.sort((a, b) => a.place - b.place || (index(a) === index(b) ? a.robot - b.robot : index(a) - index(b)));
}

/**
 * Which of putRight, takeOut and giveBack can be pressed: `open`: there is a connection, `pending`: commands for this
 * robot that are under way. Taking out never waits for anything but itself, since it stops the robot.
 */
export function whatIsAble(open, pending) {
  const free = open && pending.length === 0;
  return { putRight: free, giveBack: free, takeOut: open && !pending.some(({ aside }) => aside === true) };
}

/** How many robots of a queue still need something. */
export const waitingIn = (queue) => queue.filter(({ need }) => need.kind !== "served").length;

/** The page's heading: never a reassurance that was not heard. `status` of the connection. */
export function headline(status, state, waiting) {
  if (status === "no-run") return "No run yet";
  if (!state || status === "connecting") return status === "offline" || status === "refused" ? "Not connected" : "Connecting";
  const words = waiting === 1 ? "1 robot needs hands" : `${waiting} robots need hands`;
  if (status !== "open") return waiting ? `Last heard: ${words}` : "Not connected";
  return waiting ? words : "Nothing needs hands";
}

/** What an empty queue says beneath the heading. */
export function nothingToDo(byHand) {
  return byHand
    ? "This page calls you, by sound and in its title, when a robot has to be put right, is away or is stopped. Leave it open."
    : "Robots of this run are put right by their supervisors. This page calls you when one is away or stopped. Leave it open.";
}
