/** Stop for the whole fleet: at once and without a question. Start asks first. */

import { el, setText } from "./dom.js";
import { shape } from "./shapes.js";

/** Roles that a server lets stop and start; others see why they cannot. */
const ROLES = ["supervisor", "technician", "administrator"];
/** Without a stopped state for this long, a stop counts as not confirmed. [ms] */
const UNCONFIRMED_MS = 3000;
const LABELS = { ready: "Stop fleet", sent: "Stopping …", unconfirmed: "Not confirmed: stop again", offline: "Stop: no connection" };

export class StopButton extends HTMLElement {
  #send = () => false;
  #may = false;
  #offline = true;
  #timer = 0;
  #word = el("span", { textContent: LABELS.ready });
  #stop = el("button", { type: "button", className: "stop", disabled: true, data: { testid: "stop-fleet" } }, shape("square"), this.#word);
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

  /** `send` takes a message for the server and returns whether it left; `role` of the person. */
  attach(send, role) {
    this.#send = send;
    this.#may = ROLES.includes(role);
    const others = `${ROLES.slice(0, -1).join(", ")} and ${ROLES.at(-1)}`;
    const why = `Your role (${role}) may not stop the fleet; ${others} may.`;
    this.#stop.title = this.#may ? "No robot of the run moves from then on (Shift+S)" : why;
    this.#start.title = this.#may ? "Asks before robots move again" : why;
  }

  stop() {
    if (this.#stop.disabled || this.#stop.hidden) return;
    const left = this.#send({ type: "stop" });
    this.#say(left ? "sent" : "unconfirmed");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#say(this.#offline ? "offline" : "unconfirmed"), UNCONFIRMED_MS);
  }

  /** `status` of the connection. */
  connection(status) {
    this.#offline = status !== "open";
    this.#stop.disabled = this.#start.disabled = this.#offline || !this.#may;
    clearTimeout(this.#timer);
    this.#say(status === "offline" || status === "refused" ? "offline" : "ready");
  }

  /** `status` of the run. */
  show(status) {
    const stopped = status === "stopped";
    this.#stop.hidden = stopped;
    this.#start.hidden = !stopped;
    if (!stopped && this.#ask.open) this.#ask.close();
    if (!stopped) return;
    clearTimeout(this.#timer);
    this.#say("ready");
  }

  #say(label) {
    setText(this.#word, LABELS[label]);
  }
}

customElements.define("iifl-stop-button", StopButton);
