/** The page of the person who stands by the robots: which of them need hands, and what became of what was pressed. */

import { Attention } from "./attention.js";
import { el, keyed, setText } from "./dom.js";
import "./give-back-dialog.js";
import { LivePage } from "./live-page.js";
import { noticeOf } from "./notices.js";
import { Orders } from "./orders.js";
import { describe } from "./outbox.js";
import { handsQueue, headline, nothingToDo, waitingIn, whatIsAble } from "./robot-needs.js";
import "./station-card.js";
import "./station-row.js";

/** Pictures of so many robots come large; of the others small, for the sake of a phone's connection. */
const LARGE = 4;
/** How long a camera may take to agree once a command is accepted. [ms] */
const CAMERA_MS = 12000;
/** After the list has moved, a press that was meant for what stood there before is not taken. [ms] */
const SETTLE_MS = 400;
const MOVED = "The list has just moved: look, then press again.";
/** Without news, what time changes is looked at this often. [ms] */
const SHOW_EVERY_MS = 500;
/** How long a fault stays above the list. [ms] */
const PROBLEM_MS = 6000;

export class StationPage extends LivePage {
  #queue = [];
  #orders = null;
  #attention = new Attention();
  #movedAt = -Infinity;
  #shownAt = -Infinity;
  #problem = { text: "", until: -Infinity };
  #parts = {};

  connectedCallback() {
    for (const part of this.querySelectorAll("[data-part]")) this.#parts[part.dataset.part] = part;
    this.#parts.ask = this.querySelector("iifl-give-back");
    this.begin("station");
    this.#orders = new Orders(this.connection);
    this.addEventListener("act", ({ detail }) => this.#act(detail.name, detail.robot));
    this.#parts.ask.addEventListener("confirm", ({ detail }) => this.#say(this.#orders.setAside(detail.robot, false)));
    addEventListener("keydown", (event) => {
      if (event.shiftKey && event.key.toLowerCase() === "s" && !event.repeat) this.stop();
    });
    this.changed();
  }

  /** Cameras that this page wants: of the robots that need hands, and of no others. */
  wanted() {
    return this.#queue.map(({ robot }, index) => ({ robot, size: index < LARGE ? "full" : "thumb" }));
  }

  heard(message) {
    const now = this.connection.now();
    if (message.type === "welcome") this.#orders.askAgain();
    else if (message.type === "outcome") this.#orders.outbox.hear(message, now, this.state?.step);
    else if (message.type === "error") this.#problem = { text: message.message, until: now + PROBLEM_MS };
    this.changed();
  }

  /** Bring everything on the page in line with what is known. */
  changed() {
    if (!this.#orders) return;
    const now = this.connection.now();
    this.#shownAt = now;
    if (this.state) this.#list(now);
    const { status } = this.connection;
    const waiting = waitingIn(this.#queue);
    setText(this.#parts.headline, headline(status, this.state, waiting));
    this.#attention.title = waiting && status === "open" ? headline(status, this.state, waiting) : "";
    this.#parts.empty.hidden = status !== "open" || !this.state || this.#queue.length > 0;
    setText(this.#parts.empty, nothingToDo(this.#byHand));
    this.#notice(now);
    this.#parts.ask.keepWhile((robot) => this.#able(robot).giveBack && this.#queue.some((item) => item.robot === robot && item.need.acts.giveBack));
  }

  tick(now) {
    const { outbox } = this.#orders;
    outbox.tick(now, CAMERA_MS);
    for (const card of this.#parts.queue.children) card.tick(now);
    if (now - this.#shownAt > SHOW_EVERY_MS) this.changed();
  }

  get #byHand() {
    return this.welcome?.run.by_hand ?? false;
  }

  /** What can be pressed for a robot now. */
  #able(robot) {
    return whatIsAble(this.connection.status === "open", this.#orders.outbox.pendingOf(robot));
  }

  #outcome(robot, since, now) {
    return describe(this.#orders.outbox.besides(robot, since, now));
  }

  #list(now) {
    const { outbox } = this.#orders;
    const before = this.#queue;
    const served = (robot) => outbox.besides(robot, Infinity, now) !== null;
    this.#queue = handsQueue(before, this.state, this.#byHand, served, now);
    this.#look(before, now);
    const make = ({ robot }) => {
      const card = el("iifl-station-card");
      card.attach(this.cameras, robot);
      return card;
    };
    keyed(this.#parts.queue, this.#queue, (item) => item.robot, make, (card, { robot, since, need }) =>
      card.update(need, this.#outcome(robot, since, now), this.#able(robot)));
    const listed = new Set(this.#queue.map((item) => item.robot));
    const others = this.state.robots.filter((robot) => !listed.has(robot.robot));
    this.#parts.others.hidden = others.length === 0;
    setText(this.#parts["others-count"], String(others.length));
    const makeRow = ({ robot }) => {
      const row = el("iifl-station-row");
      row.attach(robot);
      return row;
    };
    keyed(this.#parts.rows, others, (robot) => robot.robot, makeRow, (row, robot) =>
      row.update(robot, this.state.seats, this.#byHand, this.#outcome(robot.robot, now, now), this.#able(robot.robot).takeOut));
  }

  /** What has come calls a person; what has moved takes no press for a moment. */
  #look(before, now) {
    const waited = new Set(before.filter(({ need }) => need.kind !== "served").map(({ robot }) => robot));
    if (this.#queue.some(({ robot, need }) => need.kind !== "served" && !waited.has(robot))) this.#attention.sound();
    const places = (queue) => queue.map(({ robot }) => robot).join();
    if (before.length > 0 && places(before) !== places(this.#queue)) this.#movedAt = now;
  }

  #act(name, robot) {
    const now = this.connection.now();
    let reason = "";
    if (now - this.#movedAt < SETTLE_MS) reason = MOVED;
    else if (!this.#able(robot)[name]) return;
    else if (name === "putRight") reason = this.#orders.putRight(robot);
    else if (name === "takeOut") reason = this.#orders.setAside(robot, true);
    else if (name === "giveBack") this.#parts.ask.ask(robot);
    this.#say(reason);
  }

  #say(reason) {
    this.#problem = { text: reason, until: this.connection.now() + PROBLEM_MS };
    this.changed();
  }

  #notice(now) {
    const problem = this.#problem.until > now ? this.#problem.text : "";
    const known = "What you see is the last known, and nothing that you press reaches a robot.";
    const { kind, text } = problem ? { kind: "error", text: problem } : noticeOf(this.connection, this.state, known);
    const { notice } = this.#parts;
    notice.dataset.kind = kind;
    notice.hidden = text === "";
    setText(notice, text);
  }
}

customElements.define("iifl-station", StationPage);
