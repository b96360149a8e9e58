import { inspectorFiles } from './inspector-files.ts';
import type { InspectorSettings } from './inspector/inspector-settings.ts';
import { fileRoute, textRoute } from './page-server.ts';
import type { Route, Routes } from './page-server.ts';
import type { PathControl } from './path-control.ts';
import { FAULTS } from './inspector/faults.ts';

/**
 * The inspector's page, and what its buttons do.
 *
 * @param filePath - the sample of the settings
 */
export async function inspectorRoutes(
  settings: InspectorSettings,
  filePath: string,
  control: PathControl,
): Promise<Routes> {
  const files = await inspectorFiles();
  const state: Route = (request, response) =>
    textRoute('application/json', JSON.stringify(control.state))(request, response);
  const strikes = FAULTS.map((name): [string, Route] => [
    `POST /faults/${name}`,
    async (request, response) => {
      await control.strike(name);
      await state(request, response);
    },
  ]);
  return {
    'GET /': textRoute('text/html', files['index.html']),
    'GET /inspector.css': textRoute('text/css', files['inspector.css']),
    'GET /inspector.js': textRoute('text/javascript', files['inspector.js']),
    'GET /settings.json': textRoute('application/json', JSON.stringify(settings)),
    'GET /file': fileRoute('application/octet-stream', filePath, settings.sample.bytes),
    'GET /faults': state,
    ...Object.fromEntries(strikes),
  };
}
