/** Draws a push onto a canvas that lies over the camera image. Knows geometry and colours, no state. */

import { ASPECT, END_RADIUS } from "./aim.js";

const HEAD = 0.017;
const CROSS = 0.012;
const DOT = 0.007;

/**
 * `arrow` as `Aim.arrow` gives it; `look` {colour, halo, settled}: a settled arrow is drawn thin.
 * `width` of the canvas in px; the image is `width` × `width * ASPECT`.
 */
export function drawArrow(context, width, arrow, look) {
  const at = ([x, y]) => [x * width, y * width * ASPECT];
  const anchor = at(arrow.anchor);
  const end = at(arrow.end);
  const click = at(arrow.click);
  const strokes = [
    { style: look.halo, line: width * 0.009 },
    { style: look.colour, line: width * (look.settled ? 0.003 : 0.0045) },
  ];
  for (const { style, line } of strokes) {
    context.strokeStyle = style;
    context.fillStyle = style;
    context.lineWidth = line;
    context.lineCap = "round";
    shaft(context, anchor, end, width);
    if (arrow.clipped) beyond(context, end, click, width);
    circle(context, arrow.clipped ? end : click, width * END_RADIUS);
    dot(context, anchor, width * DOT);
  }
}

/** The circle that a full push reaches. */
export function drawReach(context, width, anchor, reach, look) {
  context.setLineDash([2, 6]);
  context.lineWidth = 1.5;
  context.strokeStyle = look.colour;
  circle(context, [anchor[0] * width, anchor[1] * width * ASPECT], reach * width);
  context.setLineDash([]);
}

function shaft(context, from, to, width) {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  for (const side of [-0.5, 0.5]) {
    context.moveTo(...to);
    context.lineTo(to[0] - HEAD * width * Math.cos(angle + side), to[1] - HEAD * width * Math.sin(angle + side));
  }
  context.stroke();
}

function beyond(context, end, click, width) {
  context.setLineDash([width * 0.008, width * 0.012]);
  context.beginPath();
  context.moveTo(...end);
  context.lineTo(...click);
  context.stroke();
  context.setLineDash([]);
  const arm = CROSS * width;
  context.beginPath();
  context.moveTo(click[0] - arm, click[1]);
  context.lineTo(click[0] + arm, click[1]);
  context.moveTo(click[0], click[1] - arm);
  context.lineTo(click[0], click[1] + arm);
  context.stroke();
}

function circle(context, [x, y], radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

function dot(context, [x, y], radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}
