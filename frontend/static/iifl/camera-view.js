/** A live picture of one robot; goes grey when it grows old. */

import { el } from "./dom.js";

/** A picture without news for this long is shown as old. [ms] */
const OLD_MS = 3000;

export class CameraView extends HTMLElement {
  #canvas = el("canvas", { width: 160, height: 120 });
  #cameras = null;
  #robot = null;
  #sizes = ["thumb"];
  #ends = [];
  #capturedAt = null;

  connectedCallback() {
    if (!this.firstChild) this.append(this.#canvas);
    if (this.#capturedAt === null) this.dataset.old = "never";
    this.#begin();
  }

  disconnectedCallback() {
    this.#leave();
  }

  /** Show this robot's pictures from now on, of whichever of these sizes comes. */
  attach(cameras, robot, sizes = ["thumb"]) {
    this.#cameras = cameras;
    this.#robot = robot;
    this.#sizes = sizes;
    if (sizes.includes("full")) Object.assign(this.#canvas, { width: 640, height: 480 });
    this.#canvas.setAttribute("role", "img");
    this.#canvas.setAttribute("aria-label", `Camera of robot ${robot}`);
    this.#begin();
  }

  #begin() {
    this.#leave();
    if (!this.isConnected || !this.#cameras) return;
    this.#ends = this.#sizes.map((size) => this.#cameras.view(this.#robot, size, (frame, bitmap) => {
      this.#canvas.getContext("2d").drawImage(bitmap, 0, 0, this.#canvas.width, this.#canvas.height);
      this.#capturedAt = frame.captured_at;
      this.dataset.frame = frame.frame;
    }));
  }

  #leave() {
    this.#ends.forEach((end) => end());
    this.#ends = [];
  }

  /** How old the picture is, or null where none has come yet. [ms] */
  age(now) {
    return this.#capturedAt === null ? null : now - this.#capturedAt;
  }

  /** `now` on the server's clock. [ms] */
  tick(now) {
    if (this.#capturedAt === null) return;
    const old = this.age(now) > OLD_MS ? "yes" : "";
    if (this.dataset.old !== old) this.dataset.old = old;
  }
}

customElements.define("iifl-camera", CameraView);
