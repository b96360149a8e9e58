import uPlot from 'uplot';
import type { ColorName, Palette } from './palette.ts';
import { WINDOW_MS } from './samples.ts';

/** Room for what stands beside the charts, and the timeline. */
export const AXIS_WIDTH = 64;
/** Room for the half of a label that stands at their end. */
export const EDGE_WIDTH = 16;
const HEIGHT = 132;
const FONT = '11px system-ui, "Liberation Sans", sans-serif';
const WINDOW_S = WINDOW_MS / 1000;

/** One line of a chart. */
export interface ChartSeries {
  readonly color: ColorName;
  readonly kind: 'line' | 'area' | 'steps' | 'points';
}

/** What a chart shows, and how. */
export interface ChartOptions {
  readonly host: HTMLElement;
  readonly palette: Palette;
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  readonly scale: 'linear' | 'powers of two';
  /** Of the vertical axis. */
  readonly range: (least: number, most: number) => [number, number];
  /** Where lines go across; left to the chart without it. */
  readonly splits?: (least: number, most: number) => number[];
}

/** A chart of the last half minute. */
export class Chart {
  readonly #options: ChartOptions;
  #plot: uPlot;
  #data: uPlot.AlignedData = [[]];

  constructor(options: ChartOptions) {
    this.#options = options;
    this.#plot = this.#make();
    // uPlot takes its colours when it is made.
    options.palette.onChange(() => {
      this.#plot.destroy();
      this.#plot = this.#make();
    });
    new ResizeObserver(() => {
      const width = options.host.clientWidth;
      if (width > 0) this.#plot.setSize({ width, height: HEIGHT });
    }).observe(options.host);
  }

  /** @param columns - times in seconds before now, and a column for each series */
  draw(columns: (number | null)[][]): void {
    this.#data = columns as unknown as uPlot.AlignedData;
    this.#plot.setData(this.#data);
  }

  #make(): uPlot {
    const { host, palette, series, format, scale, range, splits } = this.#options;
    const axis: uPlot.Axis = {
      stroke: palette.get('muted'),
      font: FONT,
      grid: { stroke: palette.get('line'), width: 1 },
      ticks: { show: false },
    };
    return new uPlot(
      {
        width: host.clientWidth,
        height: HEIGHT,
        padding: [8, EDGE_WIDTH, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, range: [-WINDOW_S, 0] },
          y: {
            // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- uPlot's enum is of types alone: at run time there is the number
            distr: scale === 'linear' ? 1 : 3,
            log: 2,
            // Null where there is nothing yet.
            range: (_, least: number | null, most: number | null) => range(least ?? 1, most ?? 1),
          },
        },
        axes: [
          {
            ...axis,
            size: 24,
            splits: () => [-WINDOW_S, -WINDOW_S * (2 / 3), -WINDOW_S / 3, 0],
            values: (_, ticks) => ticks.map((tick) => (tick === 0 ? 'now' : `${-tick} s`)),
          },
          {
            ...axis,
            size: AXIS_WIDTH,
            space: 26,
            // Every line that is asked for has its label.
            filter: (_, ticks) => ticks,
            values: (_, ticks) => ticks.map(format),
            ...(splits === undefined ? {} : { splits: (_, __, least, most) => splits(least, most) }),
          },
        ],
        series: [{}, ...series.map((one) => seriesOptions(one, palette))],
      },
      this.#data,
      host,
    );
  }
}

function seriesOptions({ color, kind }: ChartSeries, palette: Palette): uPlot.Series {
  const stroke = palette.get(color);
  const isPoints = kind === 'points';
  const { linear, stepped } = uPlot.paths;
  const paths = kind === 'steps' ? stepped?.({ align: 1 }) : linear?.();
  return {
    stroke,
    width: kind === 'points' ? 0 : 1.75,
    spanGaps: true,
    points: isPoints ? { show: true, size: 9, fill: stroke, width: 0 } : { show: false },
    ...(isPoints ? { paths: () => null } : paths === undefined ? {} : { paths }),
    ...(kind === 'area' ? { fill: withAlpha(stroke, 0.18) } : {}),
  };
}

/** @param color - as a computed style has it: `rgb(1, 2, 3)` */
function withAlpha(color: string, alpha: number): string {
  return color.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);
}
