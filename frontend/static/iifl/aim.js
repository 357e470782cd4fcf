/** A push while it is being aimed: from the cube to where a person wants it. Pure; nothing here is sent. */

/** Height over width of every camera image. */
export const ASPECT = 3 / 4;
/** Radius of the end circle, as a fraction of the width. */
export const END_RADIUS = 0.022;

/** Length of a displacement between two points in fractions, as a fraction of the width. */
export function distance([ax, ay], [bx, by]) {
  return Math.hypot(bx - ax, (by - ay) * ASPECT);
}

/**
 * The push that a robot makes of a click: longer than `reach`, it is clipped along its direction.
 * Returns `{end: [x, y], clipped, share}`; `share` is the wanted length over the reach.
 */
export function clipPush(anchor, click, reach) {
  const share = distance(anchor, click) / reach;
  if (share <= 1) return { end: click, clipped: false, share };
  const end = [0, 1].map((axis) => anchor[axis] + (click[axis] - anchor[axis]) / share);
  return { end, clipped: true, share };
}

export class Aim {
  #click = null;
  #frame = null;

  /** Aim at a point of a frame that has an anchor. */
  place(frame, x, y) {
    this.#frame = frame;
    this.#click = [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y))];
  }

  /** Move the end by fractions of the image; begins at the cube where nothing is aimed yet. */
  nudge(frame, dx, dy) {
    const [x, y] = this.#click ?? frame.anchor;
    this.place(frame, x + dx, y + dy);
  }

  undo() {
    this.#click = null;
    this.#frame = null;
  }

  /**
   * Follow to a newer frame: the end stays where the person wants the cube, the arrow begins where the cube is now.
   * Returns a reason if the arrow had to go, since the cube has moved by more than a push; else an empty text.
   */
  follow(frame) {
    if (!this.#click) return "";
    if (frame.robot !== this.#frame.robot || !frame.anchor) {
      this.undo();
      return "The picture has changed. Aim again.";
    }
    if (distance(this.#frame.anchor, frame.anchor) > frame.reach) {
      this.undo();
      return "What you aimed from has moved. Aim again.";
    }
    return "";
  }

  /** True where a point lies on the end circle, so that a second click there means "send". */
  touches(x, y) {
    return this.#click !== null && distance(this.#click, [x, y]) <= END_RADIUS;
  }

  /** The click, `[x, y]`, or null. */
  get click() {
    return this.#click;
  }

  /** What to draw on a frame: `{anchor, click, end, clipped, share, reach}`, or null. */
  arrow(frame) {
    if (!this.#click || !frame?.anchor) return null;
    const { anchor, reach } = frame;
    return { anchor, reach, click: this.#click, ...clipPush(anchor, this.#click, reach) };
  }
}
