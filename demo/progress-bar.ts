/** `[########--------]`, so many characters wide. */
export function progressBar(fraction: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return `[${'█'.repeat(filled)}${'·'.repeat(width - filled)}]`;
}
