/** Figures of the run, with their definitions on hover and a width that does not change while they count. */

import { METRICS, metric } from "./definitions.js";
import { el, setText } from "./dom.js";

export class MetricList extends HTMLElement {
  #shown = [];

  /** `data-names`: which figures, in order; without it all of them. */
  connectedCallback() {
    const names = this.dataset.names?.split(" ");
    const chosen = names ? names.map(metric) : METRICS;
    this.#shown = chosen.map((one) => {
      const value = el("span", { className: "number", textContent: "–", data: { testid: `metric-${one.name}` } });
      value.style.minWidth = `${one.width}ch`;
      const label = el("span", { className: "label", textContent: one.label });
      this.append(el("div", { className: "metric", title: one.definition }, label, value));
      return { value, show: one.show };
    });
  }

  show(metrics) {
    this.#shown.forEach((one) => setText(one.value, one.show(metrics)));
  }
}

customElements.define("iifl-metrics", MetricList);
