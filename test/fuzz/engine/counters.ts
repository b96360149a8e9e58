/** How many branches the sources may have. */
export const MAX_COUNTERS = 16_384;

/** How often each branch of the instrumented sources was taken by the present input, modulo 256. */
export const counters: Uint8Array = new Uint8Array(MAX_COUNTERS);
