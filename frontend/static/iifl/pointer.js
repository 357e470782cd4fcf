/** Mouse, pen and finger on a picture: says where, in fractions, and tells a tap from a drag. */

/** A movement up to this far is still a tap. [CSS px] */
const TAP_PX = 4;

/**
 * Calls `on.aim(x, y)` while the pointer is down, `on.tap(x, y)` for a press and release on one spot before any
 * `aim`, and `on.hover(x, y, px, py)` or `on.leave()`. px, py: CSS pixels from the picture's top left.
 */
export function followPointer(picture, on) {
  let down = null;
  const place = (event) => {
    const box = picture.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    return { x: px / box.width, y: py / box.height, px, py };
  };
  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    picture.setPointerCapture(event.pointerId);
    const { x, y, px, py } = place(event);
    down = { px, py, dragged: false, taken: on.tap(x, y) };
    if (!down.taken) on.aim(x, y);
  });
  picture.addEventListener("pointermove", (event) => {
    const { x, y, px, py } = place(event);
    on.hover(px, py);
    if (!down || down.taken) return;
    down.dragged ||= Math.hypot(px - down.px, py - down.py) > TAP_PX;
    if (down.dragged) on.aim(x, y);
  });
  for (const name of ["pointerup", "pointercancel"]) picture.addEventListener(name, () => (down = null));
  picture.addEventListener("pointerleave", () => on.leave());
}
