/** A small live picture of one robot; goes grey when it grows old. */

import { el } from "./dom.js";

/** A thumbnail without news for this long is shown as old. [ms] */
const OLD_MS = 3000;

export class CameraView extends HTMLElement {
  #canvas = el("canvas", { width: 160, height: 120 });
  #cameras = null;
  #robot = null;
  #end = null;
  #capturedAt = null;

  connectedCallback() {
    if (!this.firstChild) this.append(this.#canvas);
    if (this.#capturedAt === null) this.dataset.old = "never";
    this.#begin();
  }

  disconnectedCallback() {
    this.#end?.();
    this.#end = null;
  }

  /** Show this robot's thumbnails from now on. */
  attach(cameras, robot) {
    this.#cameras = cameras;
    this.#robot = robot;
    this.#canvas.setAttribute("role", "img");
    this.#canvas.setAttribute("aria-label", `Camera of robot ${robot}`);
    this.#begin();
  }

  #begin() {
    this.#end?.();
    if (!this.isConnected || !this.#cameras) return;
    this.#end = this.#cameras.view(this.#robot, "thumb", (frame, bitmap) => {
      this.#canvas.getContext("2d").drawImage(bitmap, 0, 0, this.#canvas.width, this.#canvas.height);
      this.#capturedAt = frame.captured_at;
      this.dataset.frame = frame.frame;
    });
  }

  /** `now` on the server's clock. [ms] */
  tick(now) {
    if (this.#capturedAt === null) return;
    const old = now - this.#capturedAt > OLD_MS ? "yes" : "";
    if (this.dataset.old !== old) this.dataset.old = old;
  }
}

customElements.define("iifl-camera", CameraView);
