import { ChunkSocket } from 'chunksocket';
import type { Priority } from 'chunksocket';
import { elementById } from '../page/elements.ts';
import { formatBytes } from '../page/format.ts';
import { EventLog } from './event-log.ts';
import { FaultBar } from './fault-bar.ts';
import { onFile } from './file-input.ts';
import { Inspector } from './inspector.ts';
import type { InspectorSettings } from './inspector-settings.ts';
import { Palette } from './palette.ts';
import { Pinger } from './pinger.ts';
import { SmallMessages } from './small-messages.ts';
import { Transfers } from './transfers.ts';

const palette = new Palette();
const settings = await loadSettings();
const socketUrl = new URLSearchParams(location.search).get('socket') ?? settings?.socketUrl;
if (socketUrl === undefined) {
  elementById('connect', HTMLFormElement).hidden = false;
  elementById('inspector', HTMLElement).hidden = true;
} else {
  start(socketUrl);
}

function start(url: string): void {
  const log = new EventLog();
  const inspector = new Inspector(palette, log);
  elementById('url', HTMLElement).textContent = url;
  const startPacketBytes = settings?.startPacketBytes;
  const socket = new ChunkSocket(url, { startPacketBytes, debug: inspector.debug });
  const known = new Map(settings === undefined ? [] : [[settings.sample.name, settings.sample.sha256]]);
  const transfers = new Transfers({ socket, log, palette, known });
  const send = (file: File): void => {
    void transfers.send(file, elementById('priority', HTMLSelectElement).value as Priority);
  };
  onFile(send);
  new SmallMessages(socket, log);
  // Of another server nobody knows what it makes of a ping.
  if (settings !== undefined) {
    new Pinger(socket, (ms) => {
      inspector.pinged(ms);
    });
    inspector.channels.add('pings');
    new FaultBar((name) => {
      log.add(performance.now(), 'fault', { text: name, tone: 'plain' });
    });
    offerSample(settings, send);
  }
  inspector.watch(socket);
}

async function loadSettings(): Promise<InspectorSettings | undefined> {
  const response = await fetch('settings.json').catch(() => undefined);
  // Other servers may answer with a page of theirs.
  const isOurs = response?.ok === true && response.headers.get('Content-Type')?.includes('json') === true;
  return isOurs ? ((await response.json()) as InspectorSettings) : undefined;
}

function offerSample({ sample }: InspectorSettings, send: (file: File) => void): void {
  const button = elementById('sample', HTMLButtonElement);
  button.textContent = `Send ${sample.name}, ${formatBytes(sample.bytes)}`;
  button.hidden = false;
  button.addEventListener('click', () => {
    button.disabled = true;
    void fetchSample(sample.name)
      .then(send)
      .finally(() => {
        button.disabled = false;
      });
  });
}

async function fetchSample(name: string): Promise<File> {
  const blob = await (await fetch('file')).blob();
  return new File([blob], name, { type: blob.type });
}
