const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i;

/** `Shop.Example:8080` → `shop.example`, `[::1]:80` → `[::1]`; null for what names no host. */
export function hostName(header: string): string | null {
  return HOST.exec(header)?.[1]?.toLowerCase() ?? null;
}

/** Whether a `Host` header names us. The port is the proxy's business. */
export function isAllowedHost(header: string, allowed: readonly string[]): boolean {
  const name = hostName(header);
  return name !== null && allowed.includes(name);
}
