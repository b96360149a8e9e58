// Writes docs/close-codes.md from the table that explainClose answers from: npm run docs:close-codes
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { closeCodeGuide } from '../src/protocol/close-code-guide.ts';
import { gatewayOptions } from '../src/protocol/gateway-options.ts';
import { sizeOptions } from '../src/protocol/size-options.ts';

const page = new URL('../docs/close-codes.md', import.meta.url);

const INTRODUCTION = `# What a close code means

<!-- Written by npm run docs:close-codes from src/protocol/close-code-guide.ts: change that. -->

A connection ends with a number. This page says of each one what it means, when one sees it, what the SDK does about it and
what you can do. In a program the same is told by \`explainClose\`, which is an entry of its own, so that the socket does not
carry these texts:

<!-- example: node
import { ChunkSocket } from 'chunksocket';
const socket = new ChunkSocket('wss://api.example.com/live', { maxRetries: 0 });
-->

\`\`\`ts
import { explainClose } from 'chunksocket/explain';

socket.on('close', ({ code, reason }) => {
  const { name, meaning, advice, sizeOptions } = explainClose({ code, reason });
  console.log(\`\${code} \${name}: \${meaning} \${advice}\`);
  for (const { server, option } of sizeOptions ?? []) console.log(\`\${server}: \${option}\`);
});
\`\`\`

<!-- then:
const { name } = await new Promise<{ name: string }>((resolve) => socket.on('close', (event) => { resolve(explainClose(event)); }));
if (name !== 'Abnormal Closure') throw new Error(name);
-->

A browser's own \`CloseEvent\` fits as well. Take the code for a hint, never for a proof: [what differs between
browsers](browsers.md#close-codes) shows how often one code is seen as another.
`;

/** @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|');

/** @param {number | undefined} bytes */
function size(bytes) {
  if (bytes === undefined) return 'none';
  if (bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20} MiB`;
  if (bytes % 2 ** 10 === 0) return `${bytes / 2 ** 10} KiB`;
  return `${bytes} bytes`;
}

/** @param {readonly (readonly string[])[]} rows */
function table([head = [], ...rows]) {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

/** @param {number} code */
function entry(code) {
  const found = closeCodeGuide.find((each) => each.code === code);
  if (found === undefined) throw new Error(`There is no ${code}.`);
  return found;
}

/** @returns {string} */
function sideBySide() {
  const [tooBig, gateway] = [entry(1009), entry(1014)];
  return table([
    ['', `1009 ${tooBig.name}`, `1014 ${gateway.name}`],
    ['meaning', tooBig.meaning, gateway.meaning],
    ['when you see it', tooBig.whenSeen, gateway.whenSeen],
    ['what the SDK does', tooBig.sdk, gateway.sdk],
    ['what to do', tooBig.advice, gateway.advice],
  ]);
}

const sections = closeCodeGuide
  .filter(({ code }) => code !== 1009 && code !== 1014)
  .map(
    ({ code, name, meaning, whenSeen, sdk, advice }) =>
      `### ${code} ${name}\n\n${meaning}\n\n- **When you see it:** ${whenSeen}\n- **What the SDK does:** ${sdk}\n- **What to do:** ${advice}\n`,
  );

/**
 * The whole page, as the formatter leaves it.
 *
 * @returns {Promise<string>}
 */
export async function closeCodesPage() {
  const text = [
    INTRODUCTION,
    '## 1009 and 1014, side by side',
    'One says that a message was too big for the path, the other that there was no path. Both are often seen as 1006.',
    sideBySide(),
    '## Where servers set the largest message',
    'For 1009, smallest default first; the defaults are those of the releases of 2026.',
    table([
      ['server', 'setting', 'unless it is changed', 'note'],
      ...sizeOptions.map(({ server, option, defaultBytes, note = '' }) => [
        server,
        option ?? 'fixed',
        size(defaultBytes),
        note,
      ]),
    ]),
    '## What proxies and gateways do',
    'For 1014, and for the 1006 that it mostly looks like. None of them sends 1014 by itself.',
    table([
      ['gateway', 'handshake while the server is down', 'settings', 'note'],
      ...gatewayOptions.map(({ gateway, whenDown, option, note = '' }) => [
        gateway,
        whenDown ?? 'not measured',
        option ?? '',
        note,
      ]),
    ]),
    '## All other codes',
    'Those that are registered, and those of this protocol (4900 to 4909). 4000 to 4999 are the application’s, which is asked by the option `shouldRetry`.',
    ...sections,
  ].join('\n\n');
  const options = /** @type {import('prettier').Options} */ (
    JSON.parse(readFileSync(new URL('../.prettierrc', import.meta.url), 'utf8'))
  );
  return format(text, { ...options, parser: 'markdown' });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, await closeCodesPage());
