import type { ChunkSocket, DebugEntry } from 'chunksocket';
import { elementById } from '../page/elements.ts';
import { formatBytes, formatRate } from '../page/format.ts';
import { ChannelsView } from './channels-view.ts';
import { Chart } from './chart.ts';
import { ConnectionHistory } from './connection-history.ts';
import { describe } from './describe.ts';
import type { EventLog } from './event-log.ts';
import { FiguresView } from './figures-view.ts';
import type { Palette } from './palette.ts';
import { RateMeter } from './rate-meter.ts';
import { Samples } from './samples.ts';
import { TimelineView } from './timeline-view.ts';

const KIB = 1024;
const EVERY_MS = 200;
/** For those who want less to move. */
const EVERY_MS_CALM = 1000;

/** Watches a socket through what it tells everybody: `debug`, and `stats()`. */
export class Inspector {
  readonly channels: ChannelsView = new ChannelsView();
  /** Of the last small message, in ms. */
  #pingMs: number | undefined;
  readonly #log: EventLog;
  readonly #samples = new Samples();
  readonly #history = new ConnectionHistory();
  readonly #timeline: TimelineView;
  readonly #figures = new FiguresView();
  readonly #sentRate = new RateMeter();
  readonly #resentRate = new RateMeter();
  readonly #charts: Readonly<Record<'limit' | 'rate' | 'rtt', Chart>>;
  #limitBytes = 0;

  constructor(palette: Palette, log: EventLog) {
    this.#log = log;
    this.#timeline = new TimelineView(this.#history, palette);
    const host = (id: string): HTMLElement => elementById(id, HTMLElement);
    this.#charts = {
      limit: new Chart({
        host: host('limit-chart'),
        palette,
        series: [
          { color: 'accent', kind: 'steps' },
          { color: 'refused', kind: 'points' },
        ],
        format: formatBytes,
        scale: 'powers of two',
        range: (least, most) => [Math.min(2 * KIB, least / 2), Math.max(512 * KIB, most * 2)],
        splits: (least, most) =>
          [1, 4, 16, 64, 256, 1024].map((size) => size * KIB).filter((size) => size > least && size < most),
      }),
      rate: new Chart({
        host: host('rate-chart'),
        palette,
        series: [
          { color: 'accent', kind: 'area' },
          { color: 'resent', kind: 'area' },
        ],
        format: formatRate,
        scale: 'linear',
        range: (_, most) => [0, Math.max(1e6, most * 1.15)],
      }),
      rtt: new Chart({
        host: host('rtt-chart'),
        palette,
        series: [
          { color: 'accent', kind: 'line' },
          { color: 'acked', kind: 'line' },
        ],
        format: (ms) => `${Math.round(ms)} ms`,
        scale: 'linear',
        range: (_, most) => [0, Math.max(20, most * 1.15)],
      }),
    };
  }

  /** For the option `debug` of the socket. */
  readonly debug = (entry: DebugEntry): void => {
    const { atMs, kind, data } = entry;
    this.#history.add(entry);
    const line = describe(entry);
    if (line !== undefined) this.#log.add(atMs, kind, line);
    if (kind === 'limit') {
      this.#samples.add(atMs, { limitBytes: data.toBytes });
      this.#limitBytes = data.toBytes;
    }
    if (kind === 'retry' && data.close.code === 1009) this.#samples.add(atMs, { refusedBytes: this.#limitBytes });
    if (kind === 'status') this.#showStatus(data.status);
  };

  pinged(ms: number): void {
    this.#pingMs = ms;
    this.#samples.add(performance.now(), { pingMs: ms });
  }

  /** Shows what `socket` does from now on. */
  watch(socket: ChunkSocket): void {
    const calm = matchMedia('(prefers-reduced-motion: reduce)');
    let isOdd = 0;
    this.#showStatus(socket.status);
    setInterval(() => {
      this.#sample(socket);
      isOdd = (isOdd + 1) % (calm.matches ? EVERY_MS_CALM / EVERY_MS : 1);
      if (isOdd === 0) this.#draw(socket);
    }, EVERY_MS);
  }

  #sample(socket: ChunkSocket): void {
    const nowMs = performance.now();
    const { limitBytes, sentBytes, resentBytes, rttMs } = socket.stats();
    this.#limitBytes = limitBytes;
    this.#samples.add(nowMs, {
      limitBytes,
      sentPerSecond: this.#sentRate.add(nowMs, sentBytes),
      resentPerSecond: this.#resentRate.add(nowMs, resentBytes),
      rttMs: socket.status === 'open' && rttMs > 0 ? rttMs : null,
    });
  }

  #draw(socket: ChunkSocket): void {
    const nowMs = performance.now();
    const stats = socket.stats();
    const { limit, rate, rtt } = this.#charts;
    this.#figures.show(stats, this.#sentRate.perSecond, this.#pingMs);
    this.channels.show(stats.channels, socket.status === 'open');
    this.#timeline.draw(nowMs);
    limit.draw(this.#samples.columns(nowMs, 'limitBytes', 'refusedBytes'));
    rate.draw(this.#samples.columns(nowMs, 'sentPerSecond', 'resentPerSecond'));
    rtt.draw(this.#samples.columns(nowMs, 'rttMs', 'pingMs'));
  }

  #showStatus(status: string): void {
    const badge = elementById('status', HTMLElement);
    badge.textContent = status;
    badge.dataset['status'] = status;
  }
}
