/** Anything as a text that is the same for the same thing. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return `function ${value.name}`;
  if (Object.is(value, -0)) return '-0';
  if (value === null || typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (value instanceof Error || value instanceof DOMException) return value.name;
  if (value instanceof ArrayBuffer) return `${tag}(${[...new Uint8Array(value)].join(' ')})`;
  if (tag !== 'Object') return tag;
  const members = Object.keys(value)
    .sort()
    .map((key) => `${key}: ${show((value as Record<string, unknown>)[key])}`);
  return `{${members.join(', ')}}`;
}
