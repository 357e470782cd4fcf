/** The strip at the top: which run, which step, how good the connection is, and the one figure that matters. */

import { metric } from "./definitions.js";
import { el, setText } from "./dom.js";
import { count } from "./format.js";
import { setShape } from "./shapes.js";

const STATUS = {
  connecting: ["ring", "connecting"],
  open: ["disc", "live"],
  "no-run": ["ring", "no run"],
  offline: ["cross", "offline"],
  refused: ["cross", "disconnected"],
};
const TRIP = "Round trip of a message to the server and back";
const HALTED = { starting: "starting", stopped: "stopped", held: "held still", ended: "ended" };

export class StatusStrip extends HTMLElement {
  #run = el("span", { data: { testid: "run-name" } });
  #step = el("span", { className: "number", data: { testid: "step" } });
  #rohe = el("span", { className: "number", textContent: "–" });
  #trip = el("span", { className: "number trip", data: { testid: "round-trip" }, title: TRIP, textContent: "– ms" });
  #shape = el("span");
  #word = el("span");
  #status = el("span", { className: "connection", data: { testid: "connection-state" } }, this.#shape, this.#word);

  connectedCallback() {
    const rohe = metric("rohe");
    this.#rohe.dataset.testid = "strip-rohe";
    this.replaceChildren(
      this.#run,
      this.#step,
      el("span", { className: "spring" }),
      el("span", { className: "figure", title: rohe.definition }, el("span", { className: "muted" }, `${rohe.label} `), this.#rohe),
      this.#trip,
      this.#status,
    );
    this.connection("connecting", null);
  }

  welcome({ run }) {
    setText(this.#run, `${run.task} · run ${run.id}`);
  }

  state(state) {
    const halted = HALTED[state.status];
    setText(this.#step, `step ${count(state.step)}${halted ? `, ${halted}` : ""}`);
    setText(this.#rohe, metric("rohe").show(state.metrics));
  }

  /** `roundTrip` in ms, or null while it is not known. */
  connection(status, roundTrip) {
    const [shape, word] = STATUS[status];
    this.#status.dataset.status = status;
    setShape(this.#shape, shape);
    setText(this.#word, word);
    setText(this.#trip, roundTrip === null || status === "offline" ? "– ms" : `${Math.round(roundTrip)} ms`);
  }
}

customElements.define("iifl-status-strip", StatusStrip);
