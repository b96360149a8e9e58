const UNITS = ['B', 'KiB', 'MiB', 'GiB'] as const;

/** `98932688` as `94.3 MiB`, `32768` as `32 KiB`. */
export function formatBytes(bytes: number): string {
  const power = bytes === 0 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  return `${Number.isInteger(amount) || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[power] ?? 'B'}`;
}

/** `17823000` as `17.8 MB/s`, `52000` as `52 kB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return bytesPerSecond < 1e6
    ? `${(bytesPerSecond / 1e3).toFixed(0)} kB/s`
    : `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`;
}

/** How long the rest takes at this rate; `''` while that is not known, and when there is no rest. */
export function formatRest(restBytes: number, bytesPerSecond: number): string {
  if (bytesPerSecond <= 0 || restBytes <= 0) return '';
  const seconds = Math.ceil(restBytes / bytesPerSecond);
  return seconds < 120 ? `${seconds} s left` : `${Math.ceil(seconds / 60)} min left`;
}

/** `12.345` as `12.3 ms`; a dash for what was not measured. */
export function formatMs(ms: number | null): string {
  return ms === null ? '–' : `${ms.toFixed(1)} ms`;
}
