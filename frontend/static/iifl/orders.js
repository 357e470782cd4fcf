/** Turns what a person wants into commands on the wire, and refuses what cannot be meant. */

import { Outbox } from "./outbox.js";
import { randomUuid } from "./uuid.js";

/** A command that has not arrived by then is not carried out. [ms] */
const EXPIRES_MS = 2000;
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

  hardReset(lease, frame) {
    return this.#send({ type: "hard_reset", frame: frame.frame }, lease, null);
  }

  handBack(lease) {
    return this.#send({ type: "hand_back" }, lease, null);
  }

  /** After a reconnect: hear what became of the commands that were under way. */
  askAgain() {
    this.outbox.unsettled.forEach((message) => this.#connection.send(message));
  }

  #send(order, lease, arrow) {
    const now = this.#connection.now();
    const { robot, token } = lease;
    const message = { ...order, command: randomUuid(), robot, lease: token, expires_at: now + EXPIRES_MS };
    if (!this.#connection.send(message)) return NOT_SENT;
    this.outbox.add(message, arrow, now);
    return "";
  }
}

/** Why a push cannot be aimed or sent now, as a sentence; empty where it can. Pure. */
export function whyNoPush({ mode, lease, frame, stale, busy }) {
  if (!lease) return "No robot is yours now.";
  if (mode === "offline") return "Refused: there is no connection to the server.";
  if (mode === "stopped") return "Refused: the fleet is stopped.";
  if (mode === "held") return "Refused: the server holds every robot still.";
  if (lease.kind === "hard_reset") return "This robot needs a hard reset, not a push: R confirms it.";
  if (!frame || stale) return "Refused: this picture is too old to aim on.";
  if (!frame.anchor) return "A click means nothing on this picture.";
  if (busy) return "Wait: your last command is still under way.";
  return "";
}
