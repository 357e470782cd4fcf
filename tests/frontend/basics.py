"""What every page owes to hands, eyes and screen readers, measured in the browser."""

from typing import Any

from playwright.sync_api import Page

MEASURE = """(least) => {
  const faults = [];
  const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [x, y, z] = [r, g, b].map((v) => linear(v / 255));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const over = (top, under) => {
    const a = top[3] ?? 1;
    return [0, 1, 2].map((i) => a * top[i] + (1 - a) * under[i]);
  };
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const own = numbers(getComputedStyle(element).backgroundColor);
    return (own[3] ?? 1) === 1 ? own.slice(0, 3) : over(own, ground(element.parentElement));
  };
  const headings = [...document.querySelectorAll("h1")].filter(seen);
  if (headings.length !== 1) faults.push(`${headings.length} h1`);
  for (const element of document.querySelectorAll("body *")) {
    const texts = [...element.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim());
    if (!texts.length || !seen(element) || element.closest(":disabled, .unseen, option, noscript")) continue;
    const back = ground(element);
    const front = over(numbers(getComputedStyle(element).color), back);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: ${element.textContent.trim().slice(0, 40)}`);
  }
  for (const element of document.querySelectorAll("button, a, summary, input:not([type=hidden])")) {
    if (!seen(element)) continue;
    const words = element.textContent.trim() || element.labels?.[0]?.textContent;
    const name = element.getAttribute("aria-label") || words;
    if (!name) faults.push(`no name: ${element.outerHTML.slice(0, 60)}`);
    const box = element.getBoundingClientRect();
    if (Math.min(box.width, box.height) < least) faults.push(`${name}: ${box.width} by ${box.height} px`);
    if (box.left < 0 || box.right > innerWidth + 0.5) faults.push(`${name}: beyond the edge`);
  }
  for (const canvas of document.querySelectorAll("canvas[role=img]")) {
    if (!canvas.getAttribute("aria-label")) faults.push("a picture without words");
  }
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.push(`${wide} px wide`);
  return faults;
}"""


def faults(page: Page, target_px: float = 0) -> list[str]:
    """What breaks the basics: one h1, names, targets of `target_px`, contrast 4.5, all within the page."""
    found: Any = page.evaluate(MEASURE, target_px)
    return [str(fault) for fault in found]


def focus_is_seen(page: Page) -> bool:
    """Whether what has the focus after a press of Tab is outlined."""
    page.keyboard.press("Tab")
    return bool(page.evaluate("getComputedStyle(document.activeElement).outlineStyle !== 'none'"))
