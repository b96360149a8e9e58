// `code` of CANCEL.
export const aborted = 0;
export const sourceFailed = 1;
export const expired = 2;
export const closing = 3;
