import { elementById } from '../page/elements.ts';
import { prepareCanvas } from './canvas.ts';
import { AXIS_WIDTH, EDGE_WIDTH } from './chart.ts';
import type { ConnectionHistory, Loss, Stretch } from './connection-history.ts';
import type { Palette } from './palette.ts';
import { WINDOW_MS } from './samples.ts';

const HEIGHT = 84;
const BAR = { top: 40, height: 26 } as const;
/** Where codes stand, above the bar; the upper line is for those that the lower one has no room for. */
const LABELS_Y = [27, 10] as const;
const FONT = '600 11px system-ui, "Liberation Sans", sans-serif';
const HATCH = 5;

/** Draws when there was a connection, when one was waited for, and by which code each was lost. */
export class TimelineView {
  readonly #canvas = elementById('timeline', HTMLCanvasElement);
  readonly #history: ConnectionHistory;
  readonly #palette: Palette;

  constructor(history: ConnectionHistory, palette: Palette) {
    this.#history = history;
    this.#palette = palette;
  }

  draw(nowMs: number): void {
    const { summary, stretches, losses, connections } = this.#history;
    if (this.#canvas.ariaLabel !== summary) this.#canvas.ariaLabel = summary;
    const width = this.#canvas.clientWidth;
    if (width === 0) return;
    const context = prepareCanvas(this.#canvas, width, HEIGHT);
    const xOf = (atMs: number): number => {
      const x = AXIS_WIDTH + (1 - (nowMs - atMs) / WINDOW_MS) * (width - AXIS_WIDTH - EDGE_WIDTH);
      return Math.max(AXIS_WIDTH, x);
    };
    context.font = FONT;
    context.textBaseline = 'middle';
    for (const stretch of stretches) {
      const x = xOf(stretch.fromMs);
      this.#drawStretch(context, stretch, x, Math.max(2, xOf(stretch.untilMs ?? nowMs) - x));
    }
    const freeX = LABELS_Y.map(() => AXIS_WIDTH);
    for (const loss of losses) {
      const x = xOf(loss.atMs);
      if (loss.atMs >= nowMs - WINDOW_MS) this.#drawLoss(context, loss, x, freeX, width);
    }
    context.fillStyle = this.#palette.get('muted');
    context.textAlign = 'right';
    context.font = FONT.replace('600 ', '');
    context.fillText(`${connections} so far`, AXIS_WIDTH - 8, BAR.top + BAR.height / 2);
  }

  #drawStretch(context: CanvasRenderingContext2D, { kind, count }: Stretch, x: number, width: number): void {
    const color = this.#palette.get(kind === 'open' ? 'acked' : kind === 'connecting' ? 'sent' : 'resent');
    const { top, height } = BAR;
    context.fillStyle = color;
    if (kind === 'waiting') {
      context.globalAlpha = 0.28;
      context.fillRect(x, top, width, height);
      context.globalAlpha = 1;
      this.#hatch(context, color, x, width);
    } else {
      context.fillRect(x, top, Math.max(1, width - 1), height);
    }
    const text = kind === 'open' ? `#${count}` : kind === 'waiting' ? `${Math.round(count)} ms` : '';
    if (text === '' || context.measureText(text).width > width - 10) return;
    context.textAlign = 'left';
    context.fillStyle = this.#palette.get(kind === 'open' ? 'card' : 'text');
    context.fillText(text, x + 6, top + height / 2 + 0.5);
  }

  #hatch(context: CanvasRenderingContext2D, color: string, x: number, width: number): void {
    const { top, height } = BAR;
    context.save();
    context.beginPath();
    context.rect(x, top, width, height);
    context.clip();
    context.beginPath();
    for (let at = x - height; at < x + width; at += HATCH) {
      context.moveTo(at, top + height);
      context.lineTo(at + height, top);
    }
    context.strokeStyle = color;
    context.globalAlpha = 0.55;
    context.stroke();
    context.restore();
  }

  /** @param freeX - from where on there is room for a code, in each line of them */
  #drawLoss(
    context: CanvasRenderingContext2D,
    { code, wasOpen }: Loss,
    x: number,
    freeX: number[],
    canvasWidth: number,
  ): void {
    const text = wasOpen ? String(code) : 'refused';
    const half = context.measureText(text).width / 2;
    const middle = Math.min(Math.max(x, AXIS_WIDTH + half), canvasWidth - half);
    const line = freeX.findIndex((from) => from <= middle - half);
    const y = LABELS_Y[line];
    const top = BAR.top - 5;
    context.fillStyle = this.#palette.get(code === 1009 ? 'bad' : 'warn');
    context.fillRect(x - 0.75, top, 1.5, BAR.top + BAR.height - top);
    if (y === undefined) return;
    context.globalAlpha = 0.35;
    context.fillRect(x - 0.5, y + 8, 1, top - y - 8);
    context.globalAlpha = 1;
    freeX[line] = middle + half + 6;
    context.textAlign = 'center';
    context.fillText(text, middle, y);
  }
}
