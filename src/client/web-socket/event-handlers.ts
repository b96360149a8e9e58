import { callOwn } from './event-target.ts';

type Handler = (event: Event) => unknown;

interface Slot {
  value: object;
  readonly listener: Handler;
}

/**
 * Event handler attributes (HTML, "event handler IDL attributes"): `onopen` and its like. A handler is called among the
 * listeners, at the place where it was first set; replacing it keeps the place, and null gives it up.
 */
export class EventHandlers {
  readonly #target: EventTarget;
  readonly #slots = new Map<string, Slot>();

  constructor(target: EventTarget) {
    this.#target = target;
  }

  get(type: string): object | null {
    return this.#slots.get(type)?.value ?? null;
  }

  /** What is no object becomes null, and an object that cannot be called is kept (WebIDL, [LegacyTreatNonObjectAsNull]). */
  set(type: string, value: unknown): void {
    const slot = this.#slots.get(type);
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) {
      if (slot !== undefined) callOwn(this.#target, 'removeEventListener', type, slot.listener);
      this.#slots.delete(type);
    } else if (slot !== undefined) {
      slot.value = value;
    } else {
      const added: Slot = {
        value,
        listener: (event) => {
          const { value: handler } = added;
          if (typeof handler !== 'function') return;
          if ((handler as Handler).call(this.#target, event) === false) event.preventDefault();
        },
      };
      this.#slots.set(type, added);
      callOwn(this.#target, 'addEventListener', type, added.listener);
    }
  }
}
