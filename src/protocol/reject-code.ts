// `code` of REJECT. With `tooBig`, `value` is the limit in bytes.
export const refused = 0;
export const tooBig = 1;
