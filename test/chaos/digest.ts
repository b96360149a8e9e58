const PRIMES = [0x0100_0193, 0x85eb_ca6b] as const;

/**
 * A fingerprint of bytes that come in parts: two multiplicative hashes of 32 bits. Nobody forges anything here; it is to
 * show a byte that is wrong, missing, or in the wrong place.
 */
export class Digest {
  #first = 0x811c_9dc5;
  #second = 0x9747_b28c;
  byteLength = 0;

  add(bytes: Uint8Array): void {
    let first = this.#first;
    let second = this.#second;
    for (const byte of bytes) {
      first = Math.imul(first ^ byte, PRIMES[0]);
      second = Math.imul(second + byte + 1, PRIMES[1]) ^ (second >>> 13);
    }
    this.#first = first;
    this.#second = second;
    this.byteLength += bytes.length;
  }

  get hash(): string {
    return (this.#first >>> 0).toString(16).padStart(8, '0') + (this.#second >>> 0).toString(16).padStart(8, '0');
  }
}
