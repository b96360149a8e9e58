const MAX_CHARACTERS = 60;

/** A name that means nothing more to any file system: no path, no device, nothing hidden or invisible. */
export function safeName(name: unknown): string {
  const last = typeof name === 'string' ? (name.split(/[/\\]/).at(-1) ?? '') : '';
  const plain = last
    .normalize('NFC')
    .replace(/[\p{C}<>:"|?*]/gu, '_')
    .replace(/^[.\s]+|[.\s]+$/g, '');
  // The end of a long one says of what type it is.
  return Array.from(plain).slice(-MAX_CHARACTERS).join('') || 'unnamed';
}
