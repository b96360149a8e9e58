/** What the server answers when it has read a file to its end. */
export interface ServerAnswer {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}
