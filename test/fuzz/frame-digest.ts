import type { FrameSink } from '../../src/protocol/frame-decoder.ts';
import type { ControlFrame, DataHead } from '../../src/protocol/frame.ts';

/** Boils down what a decoder tells to one number: the same for the same frames, however they were cut. */
export class FrameDigest implements FrameSink {
  value = 0;

  dataStart(head: DataHead): undefined {
    this.#mix(head.channel + 1);
    this.#mix(Number(head.first) + 2 * Number(head.fin) + 4 * Number(head.text));
    this.#mix(head.total ?? -1);
    this.#mix(head.fieldsBytes);
    this.#mix(head.payloadBytes);
    if (head.fields !== undefined) this.#text(JSON.stringify(head.fields));
    return undefined;
  }

  dataPayload(bytes: Uint8Array): undefined {
    for (const byte of bytes) this.value = Math.imul(this.value ^ byte, 0x01000193);
    return undefined;
  }

  dataEnd(): undefined {
    this.#mix(-7);
    return undefined;
  }

  control(frame: ControlFrame): undefined {
    for (const member of Object.values<number | string>(frame)) {
      if (typeof member === 'number') this.#mix(member);
      else this.#text(member);
    }
    return undefined;
  }

  #mix(value: number): void {
    this.value = Math.imul(this.value ^ (value | 0), 0x01000193);
    this.value = Math.imul(this.value ^ (value / 2 ** 32), 0x85ebca6b);
    this.value ^= this.value >>> 15;
  }

  #text(text: string): void {
    this.#mix(text.length);
    for (let i = 0; i < text.length; i++) this.value = Math.imul(this.value ^ text.charCodeAt(i), 0x01000193);
  }
}
