import { formatBytes } from '../page/format.ts';
import { prepareCanvas } from './canvas.ts';
import type { ChunkMap } from './chunk-map.ts';
import type { Palette } from './palette.ts';

const CELL = 8;
const GAP = 2;
/** What is under way on its second journey is paler than what has arrived. */
const UNDER_WAY_ALPHA = 0.55;

/** Draws a {@link ChunkMap}, as many cells to a row as there is room for. */
export class ChunkMapView {
  readonly #canvas: HTMLCanvasElement;
  readonly #map: ChunkMap;
  readonly #palette: Palette;
  #isDue = false;

  constructor(canvas: HTMLCanvasElement, map: ChunkMap, palette: Palette) {
    this.#canvas = canvas;
    this.#map = map;
    this.#palette = palette;
    canvas.title = `Each cell is ${formatBytes(map.cellBytes)}`;
    palette.onChange(() => {
      this.update();
    });
    new ResizeObserver(() => {
      this.#draw();
    }).observe(canvas);
  }

  /** Draws it before the next frame. */
  update(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#draw();
    });
  }

  #draw(): void {
    const width = this.#canvas.clientWidth;
    if (width === 0) return;
    const map = this.#map;
    const pitch = CELL + GAP;
    const columns = Math.max(1, Math.floor((width + GAP) / pitch));
    const height = Math.ceil(map.length / columns) * pitch - GAP;
    this.#canvas.style.height = `${height}px`;
    const context = prepareCanvas(this.#canvas, width, height);
    for (let index = 0; index < map.length; index++) {
      const { acked, sent, ackedAs, sentAs } = map.cell(index);
      const x = (index % columns) * pitch;
      const y = Math.floor(index / columns) * pitch;
      this.#fill(context, 'waiting', x + CELL * sent, y, CELL * (1 - sent));
      context.globalAlpha = sentAs === 'sent' ? 1 : UNDER_WAY_ALPHA;
      this.#fill(context, sentAs, x + CELL * acked, y, CELL * (sent - acked));
      context.globalAlpha = 1;
      this.#fill(context, ackedAs, x, y, CELL * acked);
    }
  }

  #fill(
    context: CanvasRenderingContext2D,
    color: Parameters<Palette['get']>[0],
    x: number,
    y: number,
    width: number,
  ): void {
    if (width <= 0) return;
    context.fillStyle = this.#palette.get(color);
    context.fillRect(x, y, width, CELL);
  }
}
