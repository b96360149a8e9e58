/** A string of `length` UTF-16 code units that is JSON: an array of one string. */
export function makeJson(alphabet: string, length: number): string {
  const inner = length - 4;
  const repeated = alphabet.repeat(Math.ceil(inner / alphabet.length)).slice(0, inner);
  return `["${repeated}"]`;
}

/** What text is made of: one, two and three bytes a character in UTF-8. */
export const ALPHABETS = {
  ascii: 'The quick brown fox jumps over the lazy dog. 0123456789 ',
  latin1: 'Zwölf Boxkämpfer jagen Viktor quer über den großen Deich à côté ',
  cjk: '天地玄黃宇宙洪荒日月盈昃辰宿列張寒來暑往秋收冬藏',
} as const;

export type Alphabet = keyof typeof ALPHABETS;
