import { BarChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { RowResult } from './result.ts';
import { format } from './table.ts';

use([BarChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

/** A chart as a file. */
export interface Chart {
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

const WIDTH = 760;
const BAR_HEIGHT = 46;
const FRAME_HEIGHT = 110;
/** Readable on a light page and on a dark one. */
const COLORS = {
  ours: '#2f81f7',
  raw: '#8b949e',
  'socket.io': '#d29922',
  partysocket: '#a371f7',
  ink: '#7d8590',
} as const;

/** Charts of what has a ratio: how many times as fast as the raw WebSocket. */
export function makeCharts(rows: readonly RowResult[]): Chart[] {
  const isSpeed = ({ unit, ratio }: RowResult): boolean =>
    ratio !== null && (unit === 'MB/s' || unit === 'M char/s' || unit === 'messages/s');
  const speeds = rows.filter(isSpeed);
  const isBurst = ({ unit }: RowResult): boolean => unit === 'messages/s';
  return [
    { name: 'bulk', title: 'Big messages: speed, raw WebSocket = 1', rows: speeds.filter((row) => !isBurst(row)) },
    { name: 'bursts', title: '20,000 small messages: speed, raw WebSocket = 1', rows: speeds.filter(isBurst) },
  ]
    .filter(({ rows: some }) => some.length > 0)
    .map(({ name, title, rows: some }) => ({ name, title, svg: draw(title, some) }));
}

function draw(title: string, rows: readonly RowResult[]): string {
  const chart = init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: WIDTH,
    height: FRAME_HEIGHT + BAR_HEIGHT * rows.length,
  });
  const overRaw = (name: string): (number | null)[] =>
    rows.map(({ others, raw }) => (others[name] === undefined || raw === null ? null : others[name] / raw));
  const text = { color: COLORS.ink, fontFamily: 'system-ui, sans-serif' };
  const series = [
    { name: 'chunksocket', color: COLORS.ours, data: rows.map(({ ratio }) => ratio) },
    { name: 'socket.io', color: COLORS['socket.io'], data: overRaw('socket.io') },
    { name: 'partysocket', color: COLORS.partysocket, data: overRaw('partysocket') },
  ];
  chart.setOption({
    animation: false,
    textStyle: text,
    title: { text: title, left: 8, top: 8, textStyle: { ...text, fontSize: 15 } },
    legend: { top: 34, left: 8, textStyle: text, icon: 'roundRect' },
    grid: { left: 8, right: 48, top: 66, bottom: 12, containLabel: true },
    xAxis: {
      type: 'value',
      axisLabel: { ...text, formatter: '{value} x' },
      splitLine: { lineStyle: { opacity: 0.2 } },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: rows.map((row) => row.title),
      axisLabel: { ...text, width: 260, overflow: 'break' },
      axisTick: { show: false },
    },
    series: series.map(({ name, color, data }, index) => ({
      type: 'bar',
      name,
      data,
      itemStyle: { color, borderRadius: [0, 3, 3, 0] },
      barMaxWidth: 11,
      label: {
        show: true,
        position: 'right',
        ...text,
        fontSize: 10,
        formatter: ({ value }: { value: unknown }) => (typeof value === 'number' ? `${format(value)} x` : ''),
      },
      ...(index === 0 && {
        markLine: {
          silent: true,
          symbol: 'none',
          data: [{ xAxis: 1 }],
          lineStyle: { color: COLORS.raw },
          label: { show: false },
        },
      }),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}
