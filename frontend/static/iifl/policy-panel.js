/** Which policy drives the robots, what it learned from, and how far its next version is. */

import { el, setText } from "./dom.js";
import { count, percent } from "./format.js";

const WORDS = { idle: "no retraining now", queued: "retraining queued", running: "retraining", failed: "retraining failed" };

export class PolicyPanel extends HTMLElement {
  #version = el("span", { className: "number", data: { testid: "policy-version" }, textContent: "–" });
  #trained = el("span", { className: "number", textContent: "–" });
  #word = el("span");
  #progress = el("progress", { max: 1, value: 0, data: { testid: "retraining-progress" } });
  #message = el("p", { className: "muted" });

  connectedCallback() {
    this.#progress.setAttribute("aria-label", "Retraining");
    this.replaceChildren(
      el("div", { className: "policy-line" }, "policy ", this.#version,
        el("span", { className: "muted" }, "trained on "), this.#trained),
      el("div", { className: "policy-line" }, this.#progress, this.#word),
      this.#message,
    );
  }

  /** `policy` as in a state. */
  show({ version, trained_on, retraining }) {
    setText(this.#version, `v${version}`);
    setText(this.#trained, `${count(trained_on)} samples`);
    const running = retraining.status === "running";
    this.dataset.status = retraining.status;
    this.#progress.value = running ? retraining.progress : 0;
    this.#progress.dataset.status = retraining.status;
    setText(this.#word, running ? `${WORDS.running} ${percent(retraining.progress)}` : WORDS[retraining.status]);
    this.#word.title = retraining.from_step === null ? "" : `From what was known at step ${count(retraining.from_step)}`;
    setText(this.#message, retraining.message);
  }
}

customElements.define("iifl-policy", PolicyPanel);
