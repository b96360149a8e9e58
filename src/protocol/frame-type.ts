// Type byte of a frame; DATA has its flags (`DataFlag`) in the lower six bits.
export const credit = 1;
export const cancel = 2;
export const reject = 3;
export const retire = 4;
export const retired = 5;
export const close = 6;
export const goaway = 7;
export const limit = 8;
export const blocked = 9;
export const data = 64;
