const UNITS = ['B', 'KiB', 'MiB', 'GiB'] as const;

/** `98932688` as `94.3 MiB`, `32768` as `32 KiB`. */
export function formatBytes(bytes: number): string {
  const power = bytes === 0 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  return `${Number.isInteger(amount) || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[power] ?? 'B'}`;
}

/** A line of a list of names and values. */
export function formatRow(name: string, value: string): string {
  return `  ${name.padEnd(12)} ${value}`;
}
