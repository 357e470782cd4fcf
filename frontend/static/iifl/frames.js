/** Binary messages of the wire: camera frames, a header of 32 bytes and a JPEG. Pure. */

import { ProtocolError } from "./schema.js";

export const FRAME_VERSION = 1;
const HEADER_BYTES = 32;
const SIZES = ["thumb", "full"];
const JPEG_START = 0xffd8;

/**
 * A frame from an ArrayBuffer: `{size, robot, frame, step, captured_at, anchor, reach, jpeg}`.
 * `anchor` is `[x, y]` in fractions of width and height, or null where a click means nothing; `reach` is the
 * length of a full push as a fraction of the width; `captured_at` in ms on the server's clock.
 * Throws ProtocolError for anything else.
 */
export function parseFrame(buffer) {
  if (buffer.byteLength < HEADER_BYTES + 2) {
    throw new ProtocolError("malformed", `A frame of ${buffer.byteLength} bytes; a header alone has ${HEADER_BYTES}.`);
  }
  const view = new DataView(buffer);
  const version = view.getUint8(0);
  const size = SIZES[view.getUint8(1)];
  if (version !== FRAME_VERSION) {
    throw new ProtocolError("protocol", `Frame version ${version}; this page reads ${FRAME_VERSION}. Reload the page.`);
  }
  if (size === undefined) {
    throw new ProtocolError("malformed", `Frame size ${view.getUint8(1)}; valid are 0 (thumb) and 1 (full).`);
  }
  if (view.getUint16(HEADER_BYTES) !== JPEG_START) {
    throw new ProtocolError("malformed", "A frame without a JPEG behind its header.");
  }
  const x = view.getFloat32(20);
  const y = view.getFloat32(24);
  const reach = view.getFloat32(28);
  const anchor = Number.isNaN(x) ? null : [x, y];
  if (Number.isNaN(x) !== Number.isNaN(y) || !(anchor ? reach > 0 : reach >= 0)) {
    throw new ProtocolError("malformed", `A frame with anchor ${x}, ${y} and reach ${reach}.`);
  }
  return {
    size,
    robot: view.getUint16(2),
    frame: view.getUint32(4),
    step: view.getUint32(8),
    captured_at: view.getFloat64(12),
    anchor,
    reach,
    jpeg: new Uint8Array(buffer, HEADER_BYTES),
  };
}
