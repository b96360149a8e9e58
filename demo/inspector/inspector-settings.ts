/** What the inspector asks for when it is loaded: `settings.json`. Without an answer it can watch any server. */
export interface InspectorSettings {
  /** Where the WebSocket goes: the fault injector. */
  readonly socketUrl: string;
  /** Size of the packets to start with, in bytes. */
  readonly startPacketBytes: number;
  /** The file that the demo has to offer, as `file`. */
  readonly sample: { readonly name: string; readonly bytes: number; readonly sha256: string };
}
