/** Draws values over the whole width of a canvas, in the colour of its text: for each column the range that is in it. */
export function drawCurve(canvas: HTMLCanvasElement, values: Float32Array): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const width = (canvas.width = canvas.clientWidth * devicePixelRatio);
  const height = (canvas.height = canvas.clientHeight * devicePixelRatio);
  const { min, max } = range(values);
  const y = (value: number): number => (1 - (value - min) / (max - min || 1)) * (height - 1);
  context.fillStyle = getComputedStyle(canvas).color;
  for (let column = 0; column < width; column++) {
    const from = Math.floor((column / width) * values.length);
    const to = Math.max(from + 1, Math.floor(((column + 1) / width) * values.length));
    const part = range(values.subarray(from, to));
    context.fillRect(column, y(part.max), 1, y(part.min) - y(part.max) + 1);
  }
}

function range(values: Float32Array): { min: number; max: number } {
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}
