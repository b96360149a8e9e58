// The world in which an example runs in a page: every WebSocket leads to the test's server. Imported before the example.

const base = new URL(location.href);

globalThis.WebSocket = class extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(new URL(new URL(url, base).pathname, base.href.replace(/^http/, 'ws')), protocols);
  }
};
