/** Stop for the whole fleet: at once and without a question. Start asks first. */

import { el } from "./dom.js";
import { shape } from "./shapes.js";

/** Roles that a server lets stop and start; others see why they cannot. */
const ROLES = ["supervisor", "administrator"];

export class StopButton extends HTMLElement {
  #send = () => false;
  #stop = el("button", { type: "button", className: "stop", disabled: true, data: { testid: "stop-fleet" } }, shape("square"), "Stop fleet");
  #start = el("button", { type: "button", className: "start", hidden: true, data: { testid: "start-fleet" } }, shape("play"), "Start fleet");
  #yes = el("button", { type: "button", className: "primary", textContent: "Start fleet", data: { testid: "start-confirm" } });
  #no = el("button", { type: "button", textContent: "Leave it stopped" });
  #ask = el("dialog", { className: "ask" },
    el("h2", { textContent: "Start the fleet?" }),
    el("p", { textContent: "All robots move again at the next step. Make sure that nobody is within their reach." }),
    el("div", { className: "row" }, this.#no, this.#yes));

  connectedCallback() {
    this.replaceChildren(this.#stop, this.#start, this.#ask);
    this.#stop.onclick = () => this.stop();
    this.#start.onclick = () => this.#ask.showModal();
    this.#no.onclick = () => this.#ask.close();
    this.#yes.onclick = () => {
      this.#ask.close();
      this.#send({ type: "start" });
    };
  }

  /** `send` takes a message for the server; `role` of the person. */
  attach(send, role) {
    this.#send = send;
    const may = ROLES.includes(role);
    this.#stop.disabled = !may;
    this.#start.disabled = !may;
    const why = may ? "No robot of the run moves from then on (Shift+S)" : `Your role (${role}) may not stop the fleet; ${ROLES.join(" and ")} may.`;
    this.#stop.title = why;
    this.#start.title = may ? "Asks before robots move again" : why;
  }

  stop() {
    if (!this.#stop.disabled) this.#send({ type: "stop" });
  }

  /** `status` of the run. */
  show(status) {
    this.#stop.hidden = status === "stopped";
    this.#start.hidden = status !== "stopped";
    if (status !== "stopped" && this.#ask.open) this.#ask.close();
  }
}

customElements.define("iifl-stop-button", StopButton);
