import type { Doc } from 'yjs';

/** The document's name on the server. */
export const ROOM = 'notes';

/** One edit, as the document has it: each author numbers its own. */
export interface Edit {
  readonly author: string;
  readonly number: number;
}

/** All that is in a document. */
export interface Content {
  readonly text: string;
  readonly edits: readonly Edit[];
}

export function readContent(doc: Doc): Content {
  return { text: doc.getText('text').toJSON(), edits: doc.getArray<Edit>('edits').toArray() };
}

/** A text that no other author, and no other number, has. */
export function longText(author: string, number: number, characters: number): string {
  let text = '';
  for (let line = 1; text.length < characters; line++)
    text += `${author} wrote this as number ${number}, line ${line}.\n`;
  return text;
}
