/** One robot that needs hands: picture, what to do, large buttons, and what was heard of what was pressed. */

import "./camera-view.js";
import { el, setText } from "./dom.js";
import { age } from "./format.js";
import { setShape } from "./shapes.js";

/** Ages of pictures change no more often than this, so that they can be read. [ms] */
const AGE_EVERY_MS = 500;

/** Events, bubbling: `act` {name, robot}; the name is putRight, takeOut or giveBack. */
export class StationCard extends HTMLElement {
  #robot = null;
  #shape = el("span");
  #name = el("span");
  #title = el("span", { className: "state" });
  #camera = el("iifl-camera");
  #age = el("span", { className: "chip number" });
  #reason = el("p", { className: "reason" });
  #todo = el("p");
  #outcome = el("p", { className: "outcome", attributes: { role: "status", "aria-live": "polite" } });
  #buttons = {};
  #saidAt = -Infinity;

  connectedCallback() {
    if (this.firstChild) return;
    this.setAttribute("role", "listitem");
    const heading = el("h2", {}, this.#shape, this.#name, this.#title);
    const row = el("div", { className: "buttons" }, ...Object.values(this.#buttons));
    this.append(heading, el("div", { className: "picture" }, this.#camera, this.#age), this.#reason, this.#todo, this.#outcome, row);
  }

  /** Bind to a robot once. */
  attach(cameras, robot) {
    this.#robot = robot;
    this.dataset.testid = `hands-${robot}`;
    setText(this.#name, `Robot ${robot}`);
    this.#camera.attach(cameras, robot, ["thumb", "full"]);
    this.#age.dataset.testid = `age-${robot}`;
    this.#outcome.dataset.testid = `outcome-${robot}`;
    this.#buttons = {
      putRight: this.#button("putRight", `put-right-${robot}`, "primary", "I have put it right"),
      giveBack: this.#button("giveBack", `give-back-${robot}`, "", "Give it back"),
      takeOut: this.#button("takeOut", `take-out-${robot}`, "", "Take it out"),
    };
  }

  /** `need` as `needOf` gives it, `outcome` `{status, text}`, `able` as `whatIsAble` gives it. */
  update(need, outcome, able) {
    this.dataset.kind = need.kind;
    setShape(this.#shape, need.shape);
    setText(this.#title, need.title);
    setText(this.#reason, need.reason);
    setText(this.#todo, need.todo);
    setText(this.#outcome, outcome.text);
    this.#outcome.dataset.status = outcome.status;
    for (const [name, button] of Object.entries(this.#buttons)) {
      button.hidden = !need.acts[name];
      if (button.disabled === able[name]) button.disabled = !able[name];
    }
  }

  tick(now) {
    this.#camera.tick(now);
    if (now - this.#saidAt < AGE_EVERY_MS) return;
    this.#saidAt = now;
    const ms = this.#camera.age(now);
    setText(this.#age, ms === null ? "no picture yet" : `picture ${age(ms)} old`);
  }

  #button(name, testid, className, textContent) {
    const button = el("button", { type: "button", className, textContent, disabled: true, data: { testid } });
    button.setAttribute("aria-label", `${textContent}: robot ${this.#robot}`);
    button.addEventListener("click", () =>
      this.dispatchEvent(new CustomEvent("act", { bubbles: true, detail: { name, robot: this.#robot } })));
    return button;
  }
}

customElements.define("iifl-station-card", StationCard);
