/** The supervisor's page: joins what is heard, what is aimed and what is shown. */

import { Aim } from "./aim.js";
import { Attention } from "./attention.js";
import "./calm-view.js";
import { consoleMode, ownDetail, robotOf } from "./console-mode.js";
import { setText } from "./dom.js";
import "./fleet-wall.js";
import { stopwatch } from "./format.js";
import "./help-overlay.js";
import { listenForKeys } from "./hotkeys.js";
import { LivePage } from "./live-page.js";
import "./metric-list.js";
import "./mode-banner.js";
import "./mode-buttons.js";
import { Orders, whyNoChoice, whyNoPush, whyNoVerdict } from "./orders.js";
import { describe, showsDone } from "./outbox.js";
import "./policy-panel.js";
import "./queue-list.js";
import { queueOf } from "./robot-words.js";
import "./reason-panel.js";
import "./stage.js";
import "./verdict-buttons.js";

/** Until the server says how robots of its run are helped. */
const NO_MEANS = { push: false, modes: [], steps: 1 };
const TITLES = { mine: "needs you", reset: "needs a hard reset", verdict: "asks what it came to" };
/** Modes in which the robot is mine to order or to hand back. */
const MINE = ["mine", "assisting", "reset", "verdict", "moving", "away"];
const TONES = { sent: "sent", accepted: "sent", executed: "done", clamped: "done" };
const DEFAULT_STALE_MS = 500;
/** How long the arrow of a push that failed stays. [ms] */
const FAILED_ARROW_MS = 4000;
/** How long a fault that the server reports stays in the banner. [ms] */
const PROBLEM_MS = 6000;

export class ConsolePage extends LivePage {
  #lease = null;
  #seat = null;
  #mode = "starting";
  #since = 0;
  #aim = new Aim();
  #orders;
  #attention = new Attention();
  #endView = null;
  #stale = true;
  #problem = { text: "", until: 0 };
  /** Gives the reason of the refusal that is shown as it would be now, or null. */
  #refused = null;
  #parts = {};
  #buttons = {};

  connectedCallback() {
    for (const name of ["banner", "stage", "calm", "wall", "queue", "reason", "metrics", "policy", "help", "modes", "verdict"]) {
      this.#parts[name] = this.querySelector(`iifl-${name}`);
    }
    for (const button of this.querySelectorAll("[data-act]")) {
      this.#buttons[button.dataset.act] = button;
      button.addEventListener("click", () => this.#act(button.dataset.act));
    }
    this.begin("console");
    this.#orders = new Orders(this.connection);
    this.#parts.queue.attach(this.cameras);
    this.#parts.wall.attach(this.cameras);
    const { stage } = this.#parts;
    stage.addEventListener("aim", ({ detail }) => this.#aimAt(() => this.#aim.place(stage.frame, detail.x, detail.y)));
    stage.addEventListener("nudge", ({ detail }) => this.#aimAt(() => this.#aim.nudge(stage.frame, detail.dx, detail.dy)));
    stage.addEventListener("tap", (event) => this.#tap(event));
    this.#parts.modes.addEventListener("choose", ({ detail }) => this.#act("choose", detail));
    this.#parts.verdict.addEventListener("answer", ({ detail }) => this.#act("verdict", detail));
    this.#parts.help.show(NO_MEANS, false);
    listenForKeys((name, choice) => this.#act(name, choice));
    this.#since = this.connection.now();
    this.changed();
  }

  /** Cameras that this page wants: mine large, the queue small, all of them while nobody calls me. */
  wanted() {
    const mine = this.#lease?.robot;
    const others = (mine === undefined ? this.state.robots : queueOf(this.state.robots)).map((robot) => robot.robot);
    const first = queueOf(this.state.robots).map((robot) => robot.robot);
    const small = [...new Set([...first, ...others])].filter((robot) => robot !== mine);
    const cameras = small.map((robot) => ({ robot, size: "thumb" }));
    return mine === undefined ? cameras : [{ robot: mine, size: "full" }, ...cameras];
  }

  heard(message) {
    const now = this.connection.now();
    if (message.type === "welcome") this.#welcomed();
    else if (message.type === "lease") this.#assigned(message.lease, now);
    else if (message.type === "seat") this.#seat = message;
    else if (message.type === "state") this.#state(message, now);
    else if (message.type === "outcome") this.#orders.outbox.hear(message, now, this.state?.step);
    else if (message.type === "error") this.#problem = { text: message.message, until: now + PROBLEM_MS };
    this.changed();
  }

  /** Bring everything on the page in line with what is known. */
  changed() {
    if (!this.#orders) return;
    const { banner, stage, calm } = this.#parts;
    const { outbox } = this.#orders;
    const [lease, seat, means] = [this.#lease, this.#seat, this.#means];
    const { connection, state } = this;
    const [busy, resetting, answered] = [this.#busy, outbox.resetting(lease), outbox.answered(lease)];
    const byHand = this.#byHand;
    const shown = consoleMode({ connection, state, lease, seat, means, busy, resetting, answered, byHand });
    this.#mode = shown.mode;
    this.dataset.mode = shown.mode;
    if (this.#problem.until > this.connection.now()) shown.detail = this.#problem.text;
    banner.show(shown, lease && shown.mode !== "offline" ? `Robot ${lease.robot}` : "");
    stage.mode = shown.mode;
    stage.hidden = this.#lease === null;
    calm.hidden = this.#lease !== null;
    stage.outcome = describe(outbox.recent(lease, this.connection.now()));
    if (shown.mode === "own") calm.show(ownDetail(state, byHand), "");
    else calm.show(shown.title.charAt(0) + shown.title.slice(1).toLowerCase(), shown.detail);
    this.#attention.title = TITLES[shown.mode] ? `Robot ${this.#lease.robot} ${TITLES[shown.mode]}` : "";
    this.#draw();
    this.#enable();
  }

  tick(now) {
    const { banner, stage, calm, queue, wall } = this.#parts;
    const before = this.#orders.outbox.latest?.status;
    this.#orders.outbox.tick(now, 3000 * (this.welcome?.run.pace ?? 1));
    const was = this.#stale;
    this.#judgeAge(now);
    stage.outcome = describe(this.#orders.outbox.recent(this.#lease, now));
    if (was !== this.#stale || before !== this.#orders.outbox.latest?.status) this.changed();
    const since = stopwatch((now - this.#since) / 1000);
    banner.time = this.#time(since);
    queue.tick(now);
    if (!calm.hidden) wall.tick(now);
  }

  /** Whether the picture is too old to click on; judged anew with every frame, so that a fresh one counts at once. */
  #judgeAge(now) {
    const { stage } = this.#parts;
    const age = stage.frame ? now - stage.frame.captured_at : null;
    this.#stale = age === null || age > (this.welcome?.limits.stale_ms ?? DEFAULT_STALE_MS);
    stage.age(age, this.#stale);
  }

  /** How a robot of this run is helped. */
  get #means() {
    return this.welcome?.run.means ?? NO_MEANS;
  }

  /** Robots of this run are put right by somebody at their side. */
  get #byHand() {
    return this.welcome?.run.by_hand ?? false;
  }

  /** A command is under way, or it is not yet known whether what it began goes on. */
  get #busy() {
    const { outbox } = this.#orders;
    return outbox.busy || outbox.goesOn(this.state?.step);
  }

  #welcomed() {
    const { push } = this.#means;
    this.#parts.stage.aims = push;
    this.#parts.help.show(this.#means, this.#byHand);
    this.#orders.askAgain();
  }

  #time(since) {
    if (this.#mode === "own") return `no call for ${since}`;
    return this.#lease && this.#mode !== "offline" ? `yours for ${since}` : "";
  }

  #state(state, now) {
    const { wall, queue, reason, metrics, policy } = this.#parts;
    const me = this.#seat?.seat ?? null;
    wall.show(state, me, this.#byHand);
    const waiting = queue.show(state, this.#byHand);
    setText(this.querySelector("[data-part=queue-count]"), waiting ? String(waiting) : "");
    if (waiting && !this.#lease) this.#since = now;
    reason.state(state);
    metrics.show(state.metrics);
    policy.show(state.policy);
  }

  #assigned(lease, now) {
    const { stage, reason } = this.#parts;
    const another = lease?.token !== this.#lease?.token;
    const robot = lease?.robot !== this.#lease?.robot;
    const called = lease && (another || lease.kind !== this.#lease.kind);
    this.#lease = lease;
    reason.show(lease);
    if (another) this.#since = now;
    if (another || lease?.kind !== "teleoperation") this.#aim.undo();
    if (called) this.#attention.sound();
    if (robot) {
      this.#endView?.();
      stage.clear();
      this.#judgeAge(now);
      this.#endView = lease && this.cameras.view(lease.robot, "full", (frame, bitmap) => this.#framed(frame, bitmap));
    }
    if (this.state) this.watchNow();
  }

  #framed(frame, bitmap) {
    this.#parts.stage.draw(frame, bitmap);
    this.#judgeAge(this.connection.now());
    const gone = this.#aim.follow(frame);
    if (gone) this.#say(gone);
    this.#draw();
    this.#enable();
  }

  /** The arrow on the picture: the one that is aimed, else the last one sent, until a newer frame shows it done. */
  #draw() {
    const { stage } = this.#parts;
    const draft = this.#aim.arrow(stage.frame);
    const sent = this.#orders.outbox.latest;
    const may = this.#mode === "mine";
    if (draft) {
      stage.show({ arrow: draft, tone: "draft", reach: may });
      return;
    }
    const ours = sent?.arrow && sent.message.lease === this.#lease?.token;
    const shows = ours && !this.#shownDone(sent, stage.frame);
    const { status } = describe(sent);
    if (shows) stage.show({ arrow: sent.arrow, tone: TONES[status] ?? "failed", reach: false });
    else stage.show({ arrow: null, tone: "draft", reach: may });
  }

  #shownDone(sent, frame) {
    if (sent.status === "executed") return showsDone(sent, frame, 1000 * (this.welcome?.run.pace ?? 1));
    return !this.#orders.outbox.busy && this.connection.now() - sent.heardAt > FAILED_ARROW_MS;
  }

  #refusal() {
    return whyNoPush(this.#situation());
  }

  #situation() {
    const [means, busy] = [this.#means, this.#busy];
    const [lease, answered] = [this.#lease, this.#orders.outbox.answered(this.#lease)];
    const robot = robotOf(this.state, lease);
    return { means, busy, mode: this.#mode, lease, robot, answered, frame: this.#parts.stage.frame, stale: this.#stale };
  }

  #aimAt(place) {
    const reason = this.#refusal();
    this.#say(reason, () => this.#refusal());
    if (reason) return;
    place();
    this.#draw();
    this.#enable();
  }

  #tap(event) {
    if (!this.#aim.touches(event.detail.x, event.detail.y)) return;
    event.preventDefault();
    this.#act("send");
  }

  /** `again`: gives the reason as it would be now; once there is none any more, nothing is said. */
  #say(reason, again = null) {
    this.#refused = reason ? again : null;
    this.#parts.stage.refuse(reason);
  }

  #enable() {
    if (this.#refused?.() === "") this.#say("");
    const live = this.connection.status === "open" && this.state !== null;
    const mine = live && this.#lease !== null && MINE.includes(this.#mode);
    const asked = this.#lease?.kind === "verdict";
    this.#parts.verdict.show(asked, mine && whyNoVerdict(this.#situation()) === "");
    const choice = mine && whyNoChoice({ ...this.#situation(), index: 0 }) === "";
    this.#parts.modes.show(this.#means, choice, this.#lease?.assist?.mode ?? null);
    if (asked) this.#parts.modes.hidden = true;
    this.#buttons.send.hidden = this.#buttons.undo.hidden = asked || !this.#means.push;
    this.#buttons.reset.hidden = asked || this.#byHand;
    this.#able("send", mine && this.#aim.click !== null && this.#refusal() === "");
    this.#able("undo", this.#aim.click !== null);
    this.#able("reset", mine && this.#mode === "reset" && !this.#stale);
    this.#able("back", mine && this.#mode !== "reset");
    const seated = live && this.#seat !== null && this.#seat.seat !== null;
    this.#able("pause", seated);
    const paused = Boolean(this.#seat?.paused);
    this.#buttons.pause.setAttribute("aria-pressed", String(paused));
    setText(this.#buttons.pause.lastElementChild, paused ? "Resume" : "Pause");
  }

  #able(name, able) {
    if (this.#buttons[name].disabled === able) this.#buttons[name].disabled = !able;
  }

  #act(name, choice = null) {
    if (name === "stop") this.stop();
    else if (name === "help") this.#parts.help.toggle();
    else if (name === "choose") this.#choose(choice);
    else if (name === "verdict") this.#answer(choice);
    else if (!this.#buttons[name].disabled) this.#command(name);
    else if (name === "reset" && this.#mode === "reset") this.#say("Refused: this picture is too old to confirm by.");
    else if (name === "send" && this.#lease) this.#say(this.#refusal() || "Aim first: click where the push should end.");
    this.changed();
  }

  #choose({ index, once }) {
    const means = this.#means;
    if (!this.#lease && means.push) return;
    const refusal = () => whyNoChoice({ ...this.#situation(), index });
    const reason = refusal();
    if (reason) this.#say(reason, refusal);
    else this.#say(this.#orders.assist(this.#lease, this.#parts.stage.frame, means.modes[index], once ? 1 : means.steps));
  }

  #answer({ said }) {
    if (this.#lease?.kind !== "verdict") return;
    const refusal = () => whyNoVerdict(this.#situation());
    const reason = refusal();
    if (reason) this.#say(reason, refusal);
    else this.#say(this.#orders.verdict(this.#lease, said));
  }

  #command(name) {
    const { frame } = this.#parts.stage;
    let reason = "";
    if (name === "undo") this.#aim.undo();
    else if (name === "send") {
      reason = this.#orders.push(this.#lease, frame, this.#aim.arrow(frame));
      if (!reason) this.#aim.undo();
    } else if (name === "reset") reason = this.#orders.hardReset(this.#lease, frame);
    else if (name === "back") reason = this.#orders.handBack(this.#lease);
    else if (name === "pause") this.connection.send({ type: "pause", paused: !this.#seat.paused });
    this.#say(reason);
  }
}

customElements.define("iifl-console", ConsolePage);
