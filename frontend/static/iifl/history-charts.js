/** The course of a run: charts over one axis of steps, with one cursor through all of them. */

import { ChartPlot } from "./chart-plot.js";
import { UNCERTAINTY, metric } from "./definitions.js";
import { el, setText } from "./dom.js";
import { count, fixed } from "./format.js";
import { History } from "./history.js";

const upTo2 = (value) => (Number.isInteger(value) ? fixed(value, 0) : fixed(value, 2));
const SPECS = [
  {
    label: "ROHE (Eq. 3)", title: metric("rohe").definition, show: (v) => fixed(v, 2),
    series: [{ column: "rohe", label: "ROHE (Eq. 3)" }],
  },
  {
    label: "Successes", title: metric("successes").definition, show: upTo2,
    series: [{ column: "successes", label: "successes" }, { column: "autonomous_successes", label: "autonomous" }],
  },
  {
    label: "Hard resets and calls", title: metric("hard_resets").definition, show: upTo2,
    series: [{ column: "hard_resets", label: "hard resets" }, { column: "calls", label: "calls" }],
  },
  {
    label: "Mean uncertainty", title: UNCERTAINTY, show: (v) => fixed(v, 1), threshold: true,
    series: [{ column: "mean_uncertainty", label: "mean J, û dashed" }],
  },
];

/** Event `point` {step, version}: the step under the cursor, or null where the cursor is not on the charts. */
export class HistoryCharts extends HTMLElement {
  history = new History();
  #plots = SPECS.map((spec) => new ChartPlot(spec));
  #steps = el("span", { className: "number" });
  #flags = el("div", { className: "flags" });
  #at = null;
  #threshold = 0;
  #queued = false;

  connectedCallback() {
    const axis = el("div", { className: "steps" }, this.#steps, this.#flags);
    this.replaceChildren(...this.#plots.map((plot) => plot.element), axis);
    this.addEventListener("pointermove", (event) => this.#move(event));
    this.addEventListener("pointerleave", () => this.#point(null));
  }

  /** What `GET /api/runs/<id>/history` answers. */
  load(answer) {
    this.history.load(answer);
    this.#redraw();
  }

  add(state) {
    this.#threshold = state.threshold;
    this.history.add(state);
    this.#redraw();
  }

  get #range() {
    const { rows } = this.history;
    return { low: rows[0]?.step ?? 0, high: rows.at(-1)?.step ?? 0 };
  }

  /** States come faster than a screen can show them: draw once a frame. */
  #redraw() {
    if (this.#queued) return;
    this.#queued = true;
    requestAnimationFrame(() => {
      this.#queued = false;
      const range = this.#range;
      SPECS.forEach((spec, index) => {
        this.#plots[index].draw(this.history, range, spec.threshold ? this.#threshold : null);
      });
      setText(this.#steps, `steps ${count(range.low)} to ${count(range.high)}`);
      this.#flag(range);
      this.#point(this.#at);
    });
  }

  #flag({ low, high }) {
    const flags = this.history.retrainings.filter((one) => one.step >= low).map(({ step, version, trained_on }) => {
      const title = `Policy v${version} from step ${count(step)}, trained on ${count(trained_on)} samples`;
      const flag = el("span", { className: "flag", textContent: `v${version}`, title });
      flag.style.left = `${(100 * (step - low)) / Math.max(1, high - low)}%`;
      return flag;
    });
    this.#flags.replaceChildren(...flags);
  }

  #move(event) {
    const box = this.querySelector(".plot").getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    const { low, high } = this.#range;
    this.#point(share < 0 || share > 1 ? null : low + share * (high - low));
  }

  #point(step) {
    this.#at = step;
    const row = step === null ? (this.history.rows.at(-1) ?? null) : this.history.at(step);
    this.#plots.forEach((plot) => plot.point(row, step === null ? null : step - this.#range.low));
    this.dispatchEvent(new CustomEvent("point", { detail: { step: step === null ? null : (row?.step ?? null) } }));
  }
}

customElements.define("iifl-charts", HistoryCharts);
