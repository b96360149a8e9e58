import { ChunkWebSocket } from 'chunksocket/websocket';
import { WebsocketProvider } from 'y-websocket';
import { Doc } from 'yjs';
import { show, showState } from '../shared/page-elements.ts';
import { runPage } from '../shared/page-run.ts';
import { SocketWatch } from '../shared/page-sockets.ts';
import { longText, readContent, ROOM } from './content.ts';
import type { Content, Edit } from './content.ts';

const EDIT_MS = 150;
const EDIT_CHARACTERS = 40_000;

type Author = 'left' | 'right';

runPage(async (stop) => {
  const watch = new SocketWatch();
  const left = open('left', watch);
  const right = open('right', watch);
  await Promise.all([connected(left), connected(right)]);
  showState('running');
  await Promise.all([synced(left), synced(right)]);
  const preparedCharacters = left.doc.getText('text').length;
  const edits = await Promise.all([edit(left.doc, 'left', stop), edit(right.doc, 'right', stop)]);
  // Each has all from the other when it has the other's last edit: what one writes comes in order.
  await Promise.all([arrived(left.doc, 'right', edits[1]), arrived(right.doc, 'left', edits[0])]);
  const contents: Content[] = [readContent(left.doc), readContent(right.doc)];
  return { ...watch.counts(), preparedCharacters, edits, contents };
});

function open(author: Author, watch: SocketWatch): WebsocketProvider {
  const doc = new Doc();
  const provider = new WebsocketProvider(location.origin, ROOM, doc, {
    WebSocketPolyfill: ChunkWebSocket,
    // Both are in one page: they are not to meet by other ways than the server.
    disableBc: true,
  });
  const watchSocket = (): void => {
    if (provider.ws !== null) watch.add(provider.ws);
  };
  watchSocket();
  provider.on('status', watchSocket);
  doc.on('update', () => {
    const text = doc.getText('text');
    show(`${author}-characters`, text.length);
    show(`${author}-edits`, doc.getArray('edits').length);
    const ends = text.toJSON();
    show(
      `${author}-text`,
      `${ends.slice(0, ends.indexOf('\n'))}\n…\n${ends.slice(ends.lastIndexOf('\n', ends.length - 2) + 1)}`,
    );
  });
  return provider;
}

function connected(provider: WebsocketProvider): Promise<void> {
  return new Promise((resolve) => {
    provider.on('status', ({ status }) => {
      if (status === 'connected') resolve();
    });
  });
}

function synced(provider: WebsocketProvider): Promise<void> {
  return new Promise((resolve) => {
    if (provider.synced) resolve();
    else
      provider.once('sync', () => {
        resolve();
      });
  });
}

/**
 * Replaces one end of the text, the author's own, over and over until it is to stop.
 *
 * @returns how often
 */
async function edit(doc: Doc, author: Author, stop: AbortSignal): Promise<number> {
  const text = doc.getText('text');
  const edits = doc.getArray<Edit>('edits');
  for (let number = 1; ; number++) {
    doc.transact(() => {
      const pasted = longText(author, number, EDIT_CHARACTERS);
      if (author === 'left') {
        text.delete(0, EDIT_CHARACTERS);
        text.insert(0, pasted);
      } else {
        text.delete(text.length - EDIT_CHARACTERS, EDIT_CHARACTERS);
        text.insert(text.length, pasted);
      }
      edits.push([{ author, number }]);
    });
    if (stop.aborted) return number;
    await new Promise((resolve) => setTimeout(resolve, EDIT_MS));
  }
}

/** Resolves when the document has the edit. */
function arrived(doc: Doc, author: Author, number: number): Promise<void> {
  const has = (): boolean => {
    const edits = doc.getArray<Edit>('edits').toArray();
    return edits.some((each) => each.author === author && each.number === number);
  };
  return new Promise((resolve) => {
    const check = (): void => {
      if (!has()) return;
      doc.off('update', check);
      resolve();
    };
    doc.on('update', check);
    check();
  });
}
