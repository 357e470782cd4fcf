/** Camera frames on their way to the canvases: decodes in order, hands out, and acknowledges what was drawn. */

const key = (robot, size) => `${robot}/${size}`;

export class Cameras {
  #send;
  #viewers = new Map();
  #tails = new Map();
  #watched = "";

  /** `send` takes a message for the server. */
  constructor(send) {
    this.#send = send;
  }

  /** Call `draw(frame, bitmap)` for every frame of a camera; returns a function that ends it. */
  view(robot, size, draw) {
    const name = key(robot, size);
    if (!this.#viewers.has(name)) this.#viewers.set(name, new Set());
    this.#viewers.get(name).add(draw);
    return () => this.#viewers.get(name)?.delete(draw);
  }

  /** Watch these cameras, `[{robot, size}]`, and no others; says so only when something has changed. */
  watch(cameras) {
    const wanted = JSON.stringify(cameras);
    if (wanted === this.#watched) return;
    if (this.#send({ type: "watch", cameras })) this.#watched = wanted;
  }

  /** A new connection watches nothing yet. */
  forget() {
    this.#watched = "";
  }

  /** A frame has arrived. Frames of one camera are drawn in their order; each is acknowledged once. */
  receive(frame) {
    const name = key(frame.robot, frame.size);
    const tail = (this.#tails.get(name) ?? Promise.resolve()).then(() => this.#draw(name, frame));
    this.#tails.set(name, tail);
  }

  async #draw(name, frame) {
    try {
      const viewers = this.#viewers.get(name);
      if (viewers?.size) {
        const bitmap = await createImageBitmap(new Blob([frame.jpeg], { type: "image/jpeg" }));
        viewers.forEach((draw) => draw(frame, bitmap));
        bitmap.close();
      }
    } catch (error) {
      console.error(`Frame ${frame.frame} of robot ${frame.robot} could not be drawn: ${error.message}`);
    }
    // Acknowledged even when it could not be drawn: a bad picture must not silence the camera.
    this.#send({ type: "frame_ack", robot: frame.robot, size: frame.size, frame: frame.frame });
  }
}
