/** What the page asks the demo's server for when it is loaded. */
export interface PageSettings {
  /** Where the WebSocket goes: the fault injector. */
  readonly socketUrl: string;
  /** Size of the packets to start with, in bytes. */
  readonly startPacketBytes: number;
  /** Name and length of the file that the server has to offer. */
  readonly file: { readonly name: string; readonly bytes: number };
}
