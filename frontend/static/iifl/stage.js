/** The robot that is mine: its camera image, the push over it, how old the image is, and what became of a command. */

import { drawArrow, drawReach } from "./arrow-drawing.js";
import { el, setText } from "./dom.js";
import { age } from "./format.js";
import { followPointer } from "./pointer.js";

/** Arrow keys move the end of a push by this fraction of the image; with Shift five times as far. */
const NUDGE = 0.01;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Events: `aim` {x, y}, `nudge` {dx, dy}, `tap` {x, y} (cancelable: prevented means that it was used).
 * For tests, this element and its canvas carry data-robot, -frame, -step, -anchor-x, -anchor-y and -mode.
 */
export class Stage extends HTMLElement {
  #picture = el("canvas", { width: 640, height: 480, className: "picture", tabIndex: 0, data: { testid: "stage-canvas" } });
  #overlay = el("canvas", { className: "overlay" });
  #age = el("span", { className: "chip number", data: { testid: "frame-age" } });
  #outcome = el("span", { className: "chip", data: { testid: "outcome" }, attributes: { role: "status", "aria-live": "polite" } });
  #stale = el("div", { className: "stale", hidden: true }, el("strong", { className: "number" }), el("span"));
  #tip = el("div", { className: "tip", hidden: true, data: { testid: "refusal" }, attributes: { role: "alert" } });
  #frame = null;
  #drawing = { arrow: null, tone: "draft", reach: false };

  connectedCallback() {
    this.aims = false;
    this.replaceChildren(this.#picture, this.#overlay, this.#stale, this.#outcome, this.#age, this.#tip);
    followPointer(this.#picture, {
      tap: (x, y) => !this.#say("tap", { x, y }),
      aim: (x, y) => this.#say("aim", { x, y }),
      hover: (px, py) => this.#moveTip(px, py),
      leave: () => (this.#tip.hidden = true),
    });
    this.#picture.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#redraw()).observe(this);
  }

  /** The newest frame that was drawn, or null. */
  get frame() {
    return this.#frame;
  }

  draw(frame, bitmap) {
    this.#picture.getContext("2d").drawImage(bitmap, 0, 0, this.#picture.width, this.#picture.height);
    this.#frame = frame;
    const [x, y] = frame.anchor ?? ["", ""];
    this.#note({ robot: frame.robot, frame: frame.frame, step: frame.step, anchorX: x, anchorY: y });
  }

  /** Another robot: nothing of the last one may stay. */
  clear() {
    this.#frame = null;
    this.#picture.getContext("2d").clearRect(0, 0, this.#picture.width, this.#picture.height);
    this.#note({ robot: "", frame: "", step: "", anchorX: "", anchorY: "" });
    this.show({ arrow: null, tone: "draft", reach: false });
    this.refuse("");
  }

  /** Whether clicks on this run's pictures mean anything. */
  set aims(aims) {
    const how = aims ? " Click where the push should end, or use the arrow keys." : "";
    this.#picture.setAttribute("aria-label", `Camera of the robot.${how}`);
  }

  set mode(mode) {
    this.#note({ mode });
  }

  /** `arrow` as `Aim.arrow` gives it or null; `tone` draft, sent, done or failed; `reach`: show how far a push goes. */
  show(drawing) {
    this.#drawing = drawing;
    this.#redraw();
  }

  /** `{status, text}` of the last command. */
  set outcome({ status, text }) {
    this.#outcome.dataset.status = status;
    setText(this.#outcome, text);
  }

  /** Age of the picture [ms] or null where there is none yet; `stale`: too old to click on. */
  age(ms, stale) {
    setText(this.#age, ms === null ? "no picture yet" : `frame ${age(ms)} old`);
    this.#note({ stale: stale ? "yes" : "" });
    this.#stale.hidden = !stale;
    if (!stale) return;
    const [large, small] = this.#stale.children;
    setText(large, ms === null ? "…" : age(ms));
    setText(small, ms === null ? "Waiting for the camera." : "This picture is old. Clicks are refused until a new one comes.");
  }

  /** Say beside the pointer why nothing happened; empty says nothing. */
  refuse(reason) {
    setText(this.#tip, reason);
    this.#tip.hidden = reason === "";
  }

  #note(data) {
    for (const element of [this, this.#picture]) {
      for (const [name, value] of Object.entries(data)) {
        if (element.dataset[name] !== String(value)) element.dataset[name] = value;
      }
    }
  }

  /** False where a listener has used the event up. */
  #say(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, cancelable: true }));
  }

  #key(event) {
    const way = ARROWS[event.key];
    if (!way) return;
    event.preventDefault();
    const far = event.shiftKey ? 5 * NUDGE : NUDGE;
    this.#say("nudge", { dx: way[0] * far, dy: way[1] * far });
  }

  #moveTip(px, py) {
    const room = this.clientWidth - this.#tip.offsetWidth - 8;
    this.#tip.style.left = `${Math.max(8, Math.min(px + 16, room))}px`;
    this.#tip.style.top = `${Math.min(py + 16, this.clientHeight - 56)}px`;
    this.#tip.hidden = this.#tip.textContent === "";
  }

  #redraw() {
    const width = Math.round(this.clientWidth * devicePixelRatio);
    if (width === 0) return;
    const height = Math.round((width * 3) / 4);
    if (this.#overlay.width !== width || this.#overlay.height !== height) Object.assign(this.#overlay, { width, height });
    const context = this.#overlay.getContext("2d");
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(this);
    const look = {
      colour: style.getPropertyValue(`--arrow-${this.#drawing.tone}`).trim(),
      halo: style.getPropertyValue("--arrow-halo").trim(),
      settled: this.#drawing.tone !== "draft",
    };
    const anchor = this.#frame?.anchor;
    if (this.#drawing.reach && anchor) drawReach(context, width, anchor, this.#frame.reach, look);
    if (this.#drawing.arrow) drawArrow(context, width, this.#drawing.arrow, look);
  }
}

customElements.define("iifl-stage", Stage);
