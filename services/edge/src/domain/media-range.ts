type MediaRange = { readonly range: string; readonly weight: number };

function readRange(text: string): MediaRange {
  const [range = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  const weight = quality === undefined ? 1 : Number(quality);
  return { range, weight: weight >= 0 && weight <= 1 ? weight : 0 };
}

/** Whether an `Accept` header takes `type`, such as `application/json`. The most exact range decides (RFC 9110, 12.5.1). */
export function acceptsType(accept: string | undefined, type: string): boolean {
  if (accept === undefined || accept.trim() === "") return true;
  const ranges = accept.slice(0, 1_000).split(",").map(readRange);
  const [family = ""] = type.split("/");
  const exact = [type, `${family}/*`, "*/*"].map((name) => ranges.find(({ range }) => range === name));
  return (exact.find((range) => range !== undefined)?.weight ?? 0) > 0;
}
