/** Commands of this page and what has been heard of them; never more. Pure: times come in as arguments. */

import { distance } from "./aim.js";

/** Without a word for this long, what became of a command is unknown. [ms] */
export const UNHEARD_MS = 3000;
/** An outcome under an earlier lease stays this long. [ms] */
const RECENT_MS = 6000;
/** A cube this near to the end of a push has arrived, in widths of the image. */
const ARRIVED = 0.01;
const KEPT = 20;
const OPEN = ["sent", "accepted"];
const AFTER = { sent: "for 3 s", accepted: "after it was accepted" };
const FAILED = ["refused", "late", "unknown", "unheard"];
const NAMES = {
  push: "Push", hard_reset: "Hard reset", hand_back: "Hand-back", put_right: "“I have put it right”",
};
const ACCEPTED = {
  verdict: "It is taken down at the robot’s next step.",
  put_right: "Waiting for the robot’s camera to agree.",
  set_aside: "Waiting for the robot.",
};
const SAID = { reached: "reached", not_reached: "not reached", broken: "broken" };

export class Outbox {
  #entries = [];

  /** A message has left the page. `arrow` is what was drawn for it, or null. */
  add(message, arrow, now) {
    this.#entries.push({ message, arrow, kind: message.type, status: "sent", reason: "", clipped: false, heardAt: now });
    if (this.#entries.length > KEPT) this.#entries.shift();
  }

  /** An outcome has arrived, at a step of the fleet. Returns the command's entry, or null for one that is not ours. */
  hear(outcome, now, step = null) {
    const entry = this.#entries.find((one) => one.message.command === outcome.command);
    if (!entry) return null;
    entry.status = outcome.status;
    entry.reason = outcome.reason;
    entry.clipped = outcome.clipped;
    entry.heardAt = now;
    entry.heardStep = step;
    if (entry.arrow && outcome.anchor && outcome.end) {
      entry.arrow = { ...entry.arrow, anchor: outcome.anchor, end: outcome.end, clipped: outcome.clipped };
    }
    return entry;
  }

  /** Time passes: commands without a word become `unheard`. `patience` is added for slow fleets. [ms] */
  tick(now, patience = 0) {
    for (const entry of this.#entries) {
      const limit = entry.status === "accepted" ? UNHEARD_MS + patience : UNHEARD_MS;
      if (OPEN.includes(entry.status) && now - entry.heardAt > limit) {
        entry.after = entry.status;
        entry.status = "unheard";
      }
    }
  }

  /** The command sent last, or null. */
  get latest() {
    return this.#entries.at(-1) ?? null;
  }

  /** True while the last command may still be carried out. */
  get busy() {
    return this.latest !== null && OPEN.includes(this.latest.status);
  }

  /** True between the first step of an assist and the state that tells whether it goes on; `step`: the last known. */
  goesOn(step) {
    const { kind, status, message, heardStep } = this.latest ?? {};
    return kind === "assist" && status === "executed" && message.steps > 1 && heardStep === step;
  }

  /** True once a hard reset under this lease is confirmed: it takes some steps, and asking twice helps nobody. */
  resetting(lease) {
    const { kind, status, message } = this.latest ?? {};
    return kind === "hard_reset" && message.lease === lease?.token && ["accepted", "executed"].includes(status);
  }

  /** True once a verdict under this lease is on record: the question is answered, whatever the lease still says. */
  answered(lease) {
    const { kind, status, message } = this.latest ?? {};
    return kind === "verdict" && message.lease === lease?.token && ["accepted", "executed"].includes(status);
  }

  /** The command that was sent last for a robot, or null. */
  latestOf(robot) {
    return this.#entries.findLast((one) => one.message.robot === robot) ?? null;
  }

  /** Commands for a robot that may still be carried out. */
  pendingOf(robot) {
    return this.#entries.filter((one) => one.message.robot === robot && OPEN.includes(one.status)).map((one) => one.message);
  }

  /**
   * What is worth saying at a robot's side: a command under way, one of just now, or one that failed since the robot
   * has stood as it stands, for a person with both hands full.
   */
  besides(robot, since, now) {
    const entry = this.latestOf(robot);
    if (!entry) return null;
    const kept = FAILED.includes(entry.status) && entry.heardAt >= since;
    return kept || OPEN.includes(entry.status) || now - entry.heardAt < RECENT_MS ? entry : null;
  }

  /** What is worth saying now: the last command of this lease, or a recent one. */
  recent(lease, now) {
    const entry = this.latest;
    return entry && (entry.message.lease === lease?.token || now - entry.heardAt < RECENT_MS) ? entry : null;
  }

  /** Messages whose fate is open. Asking again with the same id is safe: a server answers it, and never moves twice. */
  get unsettled() {
    return this.#entries.filter((one) => [...OPEN, "unheard"].includes(one.status)).map((one) => one.message);
  }
}

/**
 * Whether a frame shows an executed push done: the cube is at its end, or a step has passed since it was heard.
 * `pace`: length of a step. [ms]
 */
export function showsDone(entry, frame, pace) {
  if (entry.status !== "executed" || !frame || frame.captured_at <= entry.heardAt) return false;
  const arrived = frame.anchor && entry.arrow && distance(frame.anchor, entry.arrow.end) < ARRIVED;
  return Boolean(arrived) || frame.captured_at > entry.heardAt + pace;
}

/** What is known about a command, in words: `{status, text}`. */
export function describe(entry) {
  if (entry === null) return { status: "none", text: "" };
  const name = nameOf(entry);
  const why = entry.reason ? ` ${entry.reason}` : "";
  const texts = {
    sent: `${name} sent, not answered yet.`,
    accepted: `${name} accepted. ${ACCEPTED[entry.kind] ?? "The robot acts at its next step."}`,
    executed: done(entry, name, why),
    refused: `${name} refused.${why}`,
    late: `${name} too late.${why}`,
    unknown: `${name}: unknown.${why}`,
    unheard: `${name}: unknown, no answer ${AFTER[entry.after]}. Look before you send again.`,
  };
  const status = entry.status === "executed" && entry.clipped ? "clamped" : entry.status;
  return { status, text: texts[entry.status] };
}

function nameOf({ kind, message }) {
  if (kind === "assist") return `“${message.mode}”`;
  if (kind === "set_aside") return message.aside ? "“Take it out”" : "“Give it back”";
  if (kind === "verdict") return `“${SAID[message.said]}”`;
  return NAMES[kind];
}

function done(entry, name, why) {
  if (entry.kind === "verdict") return `${name} is on record.${why}`;
  if (entry.kind === "put_right") return `The camera agrees: the robot is put right.${why}`;
  if (entry.kind === "set_aside") return `The robot is ${entry.message.aside ? "out of" : "given back to"} the fleet.${why}`;
  if (entry.kind === "hard_reset") return `Hard reset confirmed.${why}`;
  if (entry.kind === "assist") return `${name}: the ${entry.message.steps > 1 ? "first" : "one"} step is taken.${why}`;
  return entry.clipped ? `${name} executed, clamped to the robot’s reach.` : `${name} executed.${why}`;
}
