/** One chart of the stack: its lines, its axis, the marks of retrainings, and the cursor it shares with the others. */

import { el, setText, svg } from "./dom.js";
import { axis } from "./history.js";

const HEIGHT = 100;

export class ChartPlot {
  element;
  #spec;
  #picture;
  #lines;
  #marks = svg("g", { class: "marks" });
  #level = svg("line", { class: "threshold none" });
  #cursor = svg("line", { class: "cursor none", y1: 0, y2: HEIGHT });
  #values;
  #top = el("span", { className: "tick top number" });
  #bottom = el("span", { className: "tick bottom number" });

  /** `spec`: `{label, title, series: [{column, label}], show(value)}`. */
  constructor(spec) {
    this.#spec = spec;
    this.#lines = spec.series.map((_, index) => svg("polyline", { class: `line line-${index}` }));
    const layers = [this.#marks, this.#level, ...this.#lines, this.#cursor];
    this.#picture = svg("svg", { preserveAspectRatio: "none", role: "img", "aria-label": spec.label }, ...layers);
    this.#values = spec.series.map(() => el("span", { className: "number" }));
    const legend = spec.series.map((one, index) =>
      el("span", { className: `legend legend-${index}` },
        el("i"), el("span", { className: "label" }, one.label), this.#values[index]));
    this.element = el("div", { className: "chart", title: spec.title },
      el("div", { className: "legends" }, ...legend),
      el("div", { className: "plot" }, this.#picture, this.#top, this.#bottom));
  }

  /** `range` {low, high} in steps; `threshold` in the chart's unit, or null. */
  draw({ rows, retrainings }, range, threshold) {
    const columns = this.#spec.series.map((one) => one.column);
    const all = rows.flatMap((row) => columns.map((column) => row[column]));
    const { low, high } = axis(Math.min(0, ...all), Math.max(1e-9, threshold ?? 0, ...all));
    const span = Math.max(1, range.high - range.low);
    const y = (value) => HEIGHT - ((value - low) / (high - low)) * HEIGHT;
    this.#picture.setAttribute("viewBox", `0 0 ${span} ${HEIGHT}`);
    columns.forEach((column, index) => {
      const points = rows.map((row) => `${row.step - range.low},${y(row[column]).toFixed(2)}`).join(" ");
      this.#lines[index].setAttribute("points", points);
    });
    this.#marks.replaceChildren(...retrainings.filter((one) => one.step >= range.low).map(({ step }) =>
      svg("line", { x1: step - range.low, x2: step - range.low, y1: 0, y2: HEIGHT })));
    this.#level.classList.toggle("none", threshold === null);
    if (threshold !== null) setLine(this.#level, { x1: 0, x2: span, y1: y(threshold), y2: y(threshold) });
    setText(this.#top, this.#spec.show(high));
    setText(this.#bottom, this.#spec.show(low));
  }

  /** Show the values of a row, and the cursor at `x` steps from the left, or none. */
  point(row, x) {
    this.#cursor.classList.toggle("none", x === null);
    if (x !== null) setLine(this.#cursor, { x1: x, x2: x });
    this.#spec.series.forEach((one, index) => {
      setText(this.#values[index], row ? this.#spec.show(row[one.column]) : "–");
    });
  }
}

function setLine(line, places) {
  for (const [name, value] of Object.entries(places)) line.setAttribute(name, value);
}
