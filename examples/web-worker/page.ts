import { ChunkSocket } from 'chunksocket';
import { element, enableCut, show, showState } from '../shared/page-elements.ts';
import { loadReadings } from './load-readings.ts';
import { drawCurve } from './page/draw-curve.ts';
import { FrameWatch } from './page/frame-watch.ts';
import { ReadingsWorker } from './page/readings-worker.ts';

const progress = element('progress', HTMLProgressElement);
const buttons = [element('in-worker', HTMLButtonElement), element('on-page', HTMLButtonElement)] as const;
const frames = new FrameWatch();
const worker = new ReadingsWorker({
  onStatus: showState,
  onProgress: showProgress,
  onProblem: (message) => {
    show('problem', message);
  },
});
/** For comparison only, so it is opened when it is asked for. */
let pageSocket: ChunkSocket | undefined;

enableCut();
buttons[0].addEventListener('click', () => void run('gap-in-worker', () => worker.load()));
buttons[1].addEventListener('click', () => {
  void run('gap-on-page', () => {
    pageSocket ??= new ChunkSocket('/live');
    return loadReadings(pageSocket, ({ receivedBytes, totalBytes }) => {
      showProgress(receivedBytes, totalBytes);
    });
  });
});

/** Loads and draws the readings, and shows how long the page was held up by it. */
async function run(gapId: string, load: () => Promise<Float32Array>): Promise<void> {
  for (const button of buttons) button.disabled = true;
  show('problem', '');
  progress.value = 0;
  frames.start();
  try {
    const celsius = await load();
    show('readings', celsius.length);
    drawCurve(element('curve', HTMLCanvasElement), celsius);
    show(gapId, `${Math.round(frames.stop())} ms`);
  } catch (error) {
    show('problem', error instanceof Error ? error.message : String(error));
  } finally {
    frames.stop();
    for (const button of buttons) button.disabled = false;
  }
}

function showProgress(receivedBytes: number, totalBytes = 0): void {
  progress.value = receivedBytes / totalBytes;
}
