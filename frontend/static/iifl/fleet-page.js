/** The page of all robots: figures, pictures, the course of the run, queue, people and policy. */

import { setText } from "./dom.js";
import "./fleet-wall.js";
import { count } from "./format.js";
import "./history-charts.js";
import { LivePage } from "./live-page.js";
import "./metric-list.js";
import { noticeOf } from "./notices.js";
import "./people-list.js";
import "./policy-panel.js";
import "./queue-list.js";
import { countsOf } from "./robot-words.js";

export class FleetPage extends LivePage {
  #parts = {};
  #loaded = null;

  connectedCallback() {
    for (const name of ["metrics", "wall", "charts", "queue", "people", "policy"]) {
      this.#parts[name] = this.querySelector(`iifl-${name}`);
    }
    this.begin("fleet");
    this.#parts.wall.attach(this.cameras);
    this.#parts.queue.attach(this.cameras);
    this.#parts.charts.addEventListener("point", ({ detail }) =>
      setText(this.querySelector("[data-part=cursor]"), detail.step === null ? "" : `at step ${count(detail.step)}`));
    addEventListener("keydown", (event) => {
      if (event.shiftKey && event.key.toLowerCase() === "s" && !event.repeat) this.stop();
    });
    this.changed();
  }

  /** Cameras that this page wants: every robot, small. */
  wanted() {
    return this.state.robots.map(({ robot }) => ({ robot, size: "thumb" }));
  }

  heard(message) {
    if (message.type === "welcome") this.#load(message.run.id);
    else if (message.type === "state") this.#state(message);
    else if (message.type === "error") this.#notice("error", message.message);
  }

  /** Say above everything else why nothing moves, or why nothing new comes. */
  changed() {
    const { kind, text } = noticeOf(this.connection, this.state, "Figures below are the last known.");
    this.#notice(kind, text);
  }

  tick(now) {
    this.#parts.wall.tick(now);
    this.#parts.queue.tick(now);
  }

  #state(state) {
    const { metrics, wall, charts, queue, people, policy } = this.#parts;
    const byHand = this.welcome?.run.by_hand ?? false;
    metrics.show(state.metrics);
    wall.show(state, null, byHand);
    charts.add(state);
    const waiting = queue.show(state, byHand);
    setText(this.querySelector("[data-part=queue-count]"), waiting ? String(waiting) : "");
    setText(this.querySelector("[data-part=robot-count]"), countsOf(state.robots, byHand));
    people.show(state);
    policy.show(state.policy);
    this.dataset.status = state.status;
    this.changed();
  }

  #notice(kind, text) {
    const notice = this.querySelector("[data-part=notice]");
    notice.dataset.kind = kind;
    notice.hidden = text === "";
    setText(notice, text);
  }

  /** What the server kept of this run; once for each connection, since a gap may lie before it. */
  async #load(run) {
    if (this.#loaded === run) return;
    try {
      const answer = await fetch(`/api/runs/${run}/history`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      this.#parts.charts.load(await answer.json());
      this.#loaded = run;
    } catch (error) {
      console.error(`The history of run ${run} could not be loaded; charts begin now: ${error.message}`);
    }
  }
}

customElements.define("iifl-fleet", FleetPage);
