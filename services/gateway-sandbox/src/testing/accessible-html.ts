const listTags = (html: string, name: string): readonly string[] => [
  ...(html.match(new RegExp(`<${name}(?=[\\s>])[^>]*>`, "g")) ?? []),
];
const readAttribute = (tag: string, name: string): string | undefined =>
  new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
const stripTags = (html: string): string => html.replace(/<[^>]*>/g, "").trim();

/** Every control that a person meets stands inside a label with words. */
function findUnlabelled(html: string): readonly string[] {
  const outside = html.replace(/<label>[\s\S]*?<\/label>/g, (label) =>
    stripTags(label) === "" ? label : "",
  );
  return listTags(outside, "(?:input|select|textarea)").filter((tag) => !tag.includes('type="hidden"'));
}

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function readLuminance(colour: string): number {
  const hex = colour.length === 4 ? colour.replace(/[0-9a-f]/gi, "$&$&") : colour;
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function readContrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [readLuminance(one), readLuminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** What a page has against the rules that can be read from its HTML; an empty list is what is wanted. */
export function findBarriers(html: string): readonly string[] {
  const problems: string[] = [];
  const expectOne = (name: string): void => {
    const { length } = listTags(html, name);
    if (length !== 1) problems.push(`${length} times <${name}>`);
  };
  for (const name of ["html", "head", "title", "body", "header", "main", "h1"]) expectOne(name);
  if (!/<html lang="(en|bn)">/.test(html)) problems.push("no language");
  if (!html.startsWith("<!doctype html>")) problems.push("no doctype");
  if (!html.includes('content="width=device-width, initial-scale=1"'))
    problems.push("no viewport, or no zoom");
  for (const tag of findUnlabelled(html)) problems.push(`no label: ${tag}`);
  for (const fieldset of html.split("<fieldset>").slice(1)) {
    if (!/^\s*<legend>[^<]+<\/legend>/.test(fieldset)) problems.push("a fieldset without a legend in front");
  }
  for (const button of html.match(/<(button|summary)[^>]*>[\s\S]*?<\/\1>/g) ?? []) {
    if (stripTags(button) === "") problems.push(`no name: ${button}`);
  }
  const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  if (new Set(ids).size !== ids.length) problems.push("an id stands twice");
  for (const tag of listTags(html, "[a-z]+")) {
    if (/\s(tabindex|autofocus|accesskey|style|on[a-z]+)[=\s>]/.test(tag))
      problems.push(`keyboard or policy: ${tag}`);
  }
  const radios = listTags(html, "input").filter((tag) => tag.includes('type="radio"'));
  for (const group of new Set(radios.map((tag) => readAttribute(tag, "name")))) {
    const chosen = radios.filter((tag) => readAttribute(tag, "name") === group && /\schecked>/.test(tag));
    if (chosen.length !== 1) problems.push(`${chosen.length} choices of ${group} are made at first`);
  }
  return problems;
}
