/** Turns what a person wants into commands on the wire, and refuses what cannot be meant. */

import { Outbox } from "./outbox.js";
import { randomUuid } from "./uuid.js";

/** A command that has not arrived by then is not carried out. [ms] */
const EXPIRES_MS = 2000;
const BUSY = "Wait: your last command is still under way.";
const NOT_SENT = "Not sent: there is no connection to the server.";

export class Orders {
  outbox = new Outbox();
  #connection;

  constructor(connection) {
    this.#connection = connection;
  }

  /** Each returns a reason where the command did not leave the page, else an empty text. */
  push(lease, frame, arrow) {
    const [x, y] = arrow.click;
    return this.#send({ type: "push", frame: frame.frame, x, y }, lease, arrow);
  }

  assist(lease, frame, mode, steps) {
    return this.#send({ type: "assist", frame: frame.frame, mode, steps }, lease, null);
  }

  hardReset(lease, frame) {
    return this.#send({ type: "hard_reset", frame: frame.frame }, lease, null);
  }

  handBack(lease) {
    return this.#send({ type: "hand_back" }, lease, null);
  }

  verdict(lease, said) {
    return this.#send({ type: "verdict", said }, lease, null);
  }

  /** From the robot's side: a technician's role is the right to these, no lease. */
  putRight(robot) {
    return this.#send({ type: "put_right" }, { robot }, null);
  }

  setAside(robot, aside) {
    return this.#send({ type: "set_aside", aside }, { robot }, null);
  }

  /** After a reconnect: hear what became of the commands that were under way. */
  askAgain() {
    this.outbox.unsettled.forEach((message) => this.#connection.send(message));
  }

  #send(order, lease, arrow) {
    const now = this.#connection.now();
    const { robot, token } = lease;
    const message = { ...order, command: randomUuid(), robot, expires_at: now + EXPIRES_MS };
    if (token !== undefined) message.lease = token;
    if (!this.#connection.send(message)) return NOT_SENT;
    this.outbox.add(message, arrow, now);
    return "";
  }
}

/** Why a push cannot be aimed or sent now, as a sentence; empty where it can. `robot`: its state, or null. Pure. */
export function whyNoPush({ means, mode, lease, robot, frame, stale, busy }) {
  const halted = whyNothing(mode, lease) || whyNotNow(lease, robot, means);
  if (halted) return halted;
  if (lease.kind === "hard_reset") return "This robot needs a hard reset, not a push: R confirms it.";
  if (!means.push) return `A click means nothing here: ${keysOf(means)}.`;
  if (!frame || stale) return "Refused: this picture is too old to aim on.";
  if (!frame.anchor) return "A click means nothing on this picture.";
  if (busy) return BUSY;
  return "";
}

/** Why no way of a supervisor can be chosen now, as a sentence; empty where one can. Pure. */
export function whyNoChoice({ means, index, mode, lease, robot, frame, stale, busy }) {
  if (means.modes.length === 0) return "There is no way to choose here: push on the picture.";
  const halted = whyNothing(mode, lease) || whyNotNow(lease, robot, means);
  if (halted) return halted;
  if (index >= means.modes.length) return `There is no way ${index + 1}: ${keysOf(means)}.`;
  if (lease.kind === "hard_reset") return "This robot needs a hard reset first: R confirms it.";
  if (!frame || stale) return "Refused: this picture is too old to decide by.";
  if (busy) return BUSY;
  return "";
}

/** Why it cannot be said now what the last motion came to, as a sentence; empty where it can. Pure. */
export function whyNoVerdict({ mode, lease, frame, stale, busy, answered }) {
  const halted = whyNothing(mode, lease);
  if (halted) return halted;
  if (lease.kind !== "verdict") return "This robot does not ask what its last motion came to.";
  if (answered) return "You have answered already.";
  if (!frame || stale) return "Refused: this picture is too old to judge by.";
  if (busy) return BUSY;
  return "";
}

/** The keys of a verdict, in words. */
export const VERDICT_KEYS = "Y reached, N not reached, X broken";

/** The keys of a run's ways, in words: 1 chooses “first faces”, 2 “other faces”. */
export function keysOf({ modes }) {
  return modes.map((name, index) => `${index + 1} ${index === 0 ? "chooses " : ""}“${name}”`).join(", ");
}

function whyNothing(mode, lease) {
  if (!lease) return "No robot is yours now.";
  if (mode === "offline") return "Refused: there is no connection to the server.";
  if (mode === "stopped") return "Refused: the fleet is stopped.";
  if (mode === "held") return "Refused: the server holds every robot still.";
  return "";
}

/** What keeps a robot that is mine from taking the next command, as a sentence. */
function whyNotNow(lease, robot, means) {
  if (lease.kind === "verdict") {
    return `First say what the last ${means.push ? "push" : "motion"} came to: ${VERDICT_KEYS}.`;
  }
  if (robot?.presence === "moving") return "It is moving: wait until it rests.";
  if (robot?.presence === "away") return `Refused: the robot is away. ${robot.reason}`.trim();
  if (robot?.presence === "stopped") return `Refused: the robot is stopped. ${robot.reason}`.trim();
  return "";
}
