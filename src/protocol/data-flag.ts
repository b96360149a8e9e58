// Flags in the type byte of DATA. TEXT, TOTAL and FIELDS come only with FIRST, TOTAL never with FIRST and FIN.
export const first = 1;
export const fin = 2;
export const text = 4;
export const total = 8;
export const fields = 16;
