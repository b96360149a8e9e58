import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';
import { fileRoute, textRoute } from './page-server.ts';
import type { Routes } from './page-server.ts';
import type { PageReport } from './page/page-report.ts';
import type { PageSettings } from './page/page-settings.ts';

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/**
 * The page of the automatic run, and whom it tells.
 *
 * @param filePath - the file that the page sends
 */
export async function automaticRoutes(
  settings: PageSettings,
  filePath: string,
  onReport: (report: PageReport) => void,
): Promise<Routes> {
  const script = await bundle(new URL('page/main.ts', import.meta.url));
  return {
    'GET /': fileRoute('text/html; charset=utf-8', pathOf('page/index.html')),
    'GET /style.css': fileRoute('text/css; charset=utf-8', pathOf('page/style.css')),
    'GET /chunksocket.js': fileRoute('text/javascript; charset=utf-8', pathOf('../dist/chunksocket.iife.min.js')),
    'GET /page.js': textRoute('text/javascript', script),
    'GET /settings.json': textRoute('application/json', JSON.stringify(settings)),
    'GET /file': fileRoute('application/octet-stream', filePath, settings.file.bytes),
    'POST /reports': async (request, response) => {
      for (const report of JSON.parse(await text(request)) as PageReport[]) onReport(report);
      response.writeHead(204).end();
    },
  };
}
