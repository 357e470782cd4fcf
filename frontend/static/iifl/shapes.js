/** Small shapes that say a state without colour. They take the colour of the text beside them. */

import { svg } from "./dom.js";

const LINE = { fill: "none", stroke: "currentColor", "stroke-width": 2 };
const FILL = { fill: "currentColor" };

const DRAW = {
  ring: () => svg("circle", { cx: 8, cy: 8, r: 5, ...LINE }),
  disc: () => svg("circle", { cx: 8, cy: 8, r: 6, ...FILL }),
  diamond: () => svg("path", { d: "M8 1 15 8 8 15 1 8Z", ...FILL }),
  reset: () => svg("path", { d: "M12.5 4.5A5.7 5.7 0 1 0 13.7 8M13 1v4H9", ...LINE }),
  square: () => svg("rect", { x: 3, y: 3, width: 10, height: 10, ...FILL }),
  play: () => svg("path", { d: "M4 2.5 13 8 4 13.5Z", ...FILL }),
  pause: () => svg("path", { d: "M5 3v10M11 3v10", ...LINE, "stroke-width": 3 }),
  cross: () => svg("path", { d: "M3 3 13 13M13 3 3 13", ...LINE }),
  bars: () => svg("path", { d: "M3 4h10M3 8h10M3 12h10", ...LINE }),
  eye: () => svg("path", { d: "M1 8Q8 1 15 8Q8 15 1 8ZM8 6.2a1.8 1.8 0 1 0 .01 0", ...LINE, "stroke-width": 1.6 }),
};

/** A shape of 16×16 units by name; hidden from screen readers, since a word always stands beside it. */
export function shape(name) {
  return svg("svg", { viewBox: "0 0 16 16", class: "shape", "aria-hidden": "true", "data-shape": name }, DRAW[name]());
}

/** Put a shape into an element, if it is not there already. */
export function setShape(element, name) {
  if (element.firstElementChild?.dataset.shape !== name) element.replaceChildren(shape(name));
}
