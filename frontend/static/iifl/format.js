/** Numbers and times in words that keep their width. Pure. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** 1204 → "1,204". */
export const count = (value) => whole.format(value);

/** 0.41234, 2 → "0.41"; a true minus sign, so that columns line up. */
export const fixed = (value, digits) => value.toFixed(digits).replace("-", "−");

/** A share 0.994 → "99.4 %". */
export const percent = (share, digits = 0) => `${fixed(100 * share, digits)} %`;

/** Seconds → "3.1 s", "1:02", "1:01:05". */
export function duration(seconds) {
  if (seconds < 60) return `${fixed(seconds, 1)} s`;
  return stopwatch(seconds);
}

/** Seconds → "0:21", "1:01:05". */
export function stopwatch(seconds) {
  const total = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const shown = parts[0] > 0 ? parts : parts.slice(1);
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}

/** Milliseconds of age → "61 ms", "1.4 s", "2:05". */
export function age(milliseconds) {
  const ms = Math.max(0, milliseconds);
  return ms < 1000 ? `${Math.round(ms)} ms` : duration(ms / 1000);
}
