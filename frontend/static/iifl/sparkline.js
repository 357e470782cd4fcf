/** The last uncertainties of a robot as small bars, with a line at the threshold. */

import { svg } from "./dom.js";

const WIDTH = 240;
const HEIGHT = 56;
const SLOTS = 20;

/** `values`: at most 20, oldest first; all in nats. */
export function sparkline(values, threshold) {
  const top = Math.max(threshold * 1.2, ...values, 1e-9);
  const slot = WIDTH / SLOTS;
  const level = (value) => (Math.max(0, value) / top) * (HEIGHT - 4);
  const bars = values.map((value, index) =>
    svg("rect", {
      x: WIDTH - (values.length - index) * slot + 1,
      y: HEIGHT - Math.max(2, level(value)),
      width: slot - 2,
      height: Math.max(2, level(value)),
      class: value > threshold ? "over" : "under",
    }),
  );
  const y = HEIGHT - level(threshold);
  const line = svg("line", { x1: 0, x2: WIDTH, y1: y, y2: y, class: "threshold" });
  const label = `The last ${values.length} uncertainties; the threshold is ${threshold.toFixed(2)} nats.`;
  const box = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "sparkline" };
  return svg("svg", { ...box, role: "img", "aria-label": label }, ...bars, line);
}
