import type { Page } from "playwright-core";

/**
 * What can be read from a laid-out page with WCAG 2.2 AA in hand: names, headings, language, contrast as it is computed,
 * sizes of targets. It runs inside the page, where this repository's types do not reach, and answers with sentences.
 */
const READ_BARRIERS = `(() => {
  const problems = [];
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const say = (element, text) => problems.push(text + ": " + element.outerHTML.slice(0, 120));
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b]
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const canvas = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = channels(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return canvas;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  if (!/^(bn|en)$/.test(document.documentElement.lang)) problems.push("the page has no language");
  if (document.title.trim() === "") problems.push("the page has no title");
  if (all("main").length !== 1) problems.push("there is not one main part");
  const levels = all("h1,h2,h3,h4,h5,h6").map(({ tagName }) => Number(tagName[1]));
  if (levels.filter((level) => level === 1).length !== 1) problems.push("there is not one first heading");
  levels.forEach((level, i) => {
    if (level > (levels[i - 1] ?? 0) + 1) problems.push("headings skip to level " + level);
  });
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  if (new Set(ids).size !== ids.length) problems.push("an id stands twice");
  for (const element of all("[tabindex],[accesskey],[autofocus]")) say(element, "order of its own");
  for (const element of all("[lang]")) if (!/^(bn|en)$/.test(element.lang)) say(element, "no such language");

  for (const control of all("a[href],button,summary,input:not([type=hidden]),select,textarea")) {
    const label = control.closest("label") ?? control.labels?.[0];
    const name = label ? label.innerText : control.getAttribute("aria-label") ?? control.innerText ?? "";
    if (name.trim() === "") say(control, "no name");
    const { width, height } = (label ?? control).getBoundingClientRect();
    if (width < 24 || height < 24) say(control, "a target of " + width + " by " + height);
    if (control.matches("button,.main") && height < 48) say(control, "a button " + height + " high");
  }
  for (const group of all("fieldset")) {
    if (!group.querySelector(":scope > legend")?.innerText.trim()) say(group, "a group without a name");
  }

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement;
    if (node.data.trim() === "" || element.matches("script,style,noscript") || !seen(element)) continue;
    const ratio = contrast(channels(getComputedStyle(element).color), behind(element));
    if (ratio < 4.5) say(element, "a contrast of " + ratio.toFixed(2));
    const { lineHeight, fontSize } = getComputedStyle(element);
    const hasConjuncts = /[\\u0980-\\u09e3]/.test(node.data);
    if (hasConjuncts && parseFloat(lineHeight) < 1.59 * parseFloat(fontSize)) say(element, "lines too close");
  }
  return problems;
})()`;

/** Sideways scrolling, and words that stick out of their box. */
const READ_OVERFLOW = `(() => {
  const problems = [];
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > innerWidth) problems.push("scrolls sideways: " + scrollWidth + " in " + innerWidth);
  for (const element of document.querySelectorAll("body *")) {
    const { left, right } = element.getBoundingClientRect();
    if (left < -1 || right > innerWidth + 1) problems.push("sticks out: " + element.outerHTML.slice(0, 120));
  }
  return problems;
})()`;

const FOCUSABLE = "a[href],button,summary,input:not([type=hidden]),select,textarea";

/** Where the focus is, what marks it, and whether it can be seen. */
const READ_FOCUS = `(() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  const all = [...document.querySelectorAll("${FOCUSABLE}")].filter((one) => one.checkVisibility());
  return {
    place: all.indexOf(element),
    of: element.outerHTML.slice(0, 120),
    ring: outlineStyle === "none" ? 0 : parseFloat(outlineWidth),
    isCovered: !(top && (element.contains(top) || top.contains(element))),
  };
})()`;

type Focus = {
  readonly place: number;
  readonly of: string;
  readonly ring: number;
  readonly isCovered: boolean;
};

/** Everything that stands in somebody's way on the page as it is laid out now; an empty list is what is wanted. */
export async function readBarriers(page: Page): Promise<readonly string[]> {
  return [...((await page.evaluate(READ_BARRIERS)) as string[]), ...(await readOverflow(page))];
}

export async function readOverflow(page: Page): Promise<readonly string[]> {
  return (await page.evaluate(READ_OVERFLOW)) as string[];
}

/**
 * Walks through the page with the Tab key. Each stop must be marked and uncovered, and later in the document than the
 * one before. A group of radio buttons is one stop.
 */
export async function walkByKeyboard(page: Page): Promise<readonly string[]> {
  const problems: string[] = [];
  let last = -1;
  for (let stops = 0; stops < 60; stops++) {
    await page.keyboard.press("Tab");
    const focus = (await page.evaluate(READ_FOCUS)) as Focus | null;
    if (focus === null || focus.place <= last) break;
    if (focus.ring < 3) problems.push(`a mark of ${focus.ring} px: ${focus.of}`);
    if (focus.isCovered) problems.push(`covered: ${focus.of}`);
    last = focus.place;
  }
  const all = Number(
    await page.evaluate(
      `[...document.querySelectorAll("${FOCUSABLE}")].filter((one) => one.checkVisibility()).length`,
    ),
  );
  if (last !== all - 1) problems.push(`the keyboard stops at ${last + 1} of ${all} controls`);
  return problems;
}
