import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const home = homedir();
const isRoot = typeof process.getuid === 'function' && process.getuid() === 0;
const isCi = process.env['CI'] !== undefined && process.env['CI'] !== '' && process.env['CI'] !== 'false';

/** A sentence for somebody who has no browser that the tests could use. */
export const howToGetABrowser =
  'Install Chromium ("apt-get install chromium", "brew install --cask chromium", or "npx playwright install chromium"), ' +
  'or name an installed Chromium, Chrome or Edge in the environment variable CHUNKSOCKET_CHROMIUM.';

/**
 * Arguments for a Chromium that is driven by a test: headless, silent on the network and, where it has to be (as root,
 * and in most CI containers), without its sandbox.
 *
 * @type {string[]}
 */
export const chromiumArgs = [
  '--headless=new',
  ...(isRoot || isCi ? ['--no-sandbox', '--disable-dev-shm-usage'] : []),
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-sync',
  '--disable-breakpad',
  '--metrics-recording-only',
  '--mute-audio',
];

/**
 * The executable of a Chromium, Chrome or Edge.
 *
 * @returns {string | undefined}
 */
export function findChromium() {
  return firstExecutable(
    fromEnvironment('CHUNKSOCKET_CHROMIUM', 'CHROME_PATH', 'CHROME_BIN', 'PUPPETEER_EXECUTABLE_PATH'),
    [
      '/usr/bin/chromium',
      '/usr/bin/chromium-browser',
      '/usr/bin/google-chrome-stable',
      '/usr/bin/google-chrome',
      '/opt/google/chrome/chrome',
      '/usr/bin/microsoft-edge-stable',
      '/usr/bin/microsoft-edge',
      '/snap/bin/chromium',
    ],
    inApplications('Chromium', 'Google Chrome', 'Microsoft Edge'),
    inProgramFolders(
      ['Google', 'Chrome', 'Application', 'chrome.exe'],
      ['Chromium', 'Application', 'chrome.exe'],
      ['Microsoft', 'Edge', 'Application', 'msedge.exe'],
    ),
    inPlaywrightCache('chromium-', [
      ['chrome-linux', 'chrome'],
      ['chrome-linux64', 'chrome'],
      ['chrome-mac', 'Chromium.app', 'Contents', 'MacOS', 'Chromium'],
      ['chrome-mac-arm64', 'Google Chrome for Testing.app', 'Contents', 'MacOS', 'Google Chrome for Testing'],
      ['chrome-mac-x64', 'Google Chrome for Testing.app', 'Contents', 'MacOS', 'Google Chrome for Testing'],
      ['chrome-win', 'chrome.exe'],
      ['chrome-win64', 'chrome.exe'],
    ]),
    inSearchPath('chromium', 'chromium-browser', 'google-chrome', 'microsoft-edge'),
  );
}

/**
 * The executable of a Firefox that an ordinary driver (WebDriver BiDi) can use.
 *
 * Playwright's own builds are left out: they speak only Playwright's protocol.
 *
 * @returns {string | undefined}
 */
export function findFirefox() {
  return firstExecutable(
    fromEnvironment('CHUNKSOCKET_FIREFOX', 'FIREFOX_PATH', 'FIREFOX_BIN'),
    ['/usr/bin/firefox-esr', '/usr/bin/firefox', '/usr/lib/firefox-esr/firefox-esr', '/snap/bin/firefox'],
    inApplications('Firefox'),
    inProgramFolders(['Mozilla Firefox', 'firefox.exe']),
    inSearchPath('firefox-esr', 'firefox'),
  );
}

/**
 * The executable of a WebDriver for a WebKit: that of WebKitGTK or WPE, or Safari's.
 *
 * @returns {string | undefined}
 */
export function findWebKitDriver() {
  return firstExecutable(
    fromEnvironment('CHUNKSOCKET_WEBKIT_DRIVER'),
    ['/usr/bin/WebKitWebDriver', '/usr/bin/WPEWebDriver', '/usr/bin/safaridriver'],
    inSearchPath('WebKitWebDriver', 'WPEWebDriver', 'safaridriver'),
  );
}

/**
 * The browser that comes with WebKitGTK, and that its WebDriver drives.
 *
 * @returns {string | undefined}
 */
export function findMiniBrowser() {
  const libraries = ['/usr/lib', '/usr/lib64', '/usr/libexec'].filter(existsSync);
  const folders = libraries.flatMap((folder) => [folder, ...readdirSync(folder).map((name) => join(folder, name))]);
  return firstExecutable(
    fromEnvironment('CHUNKSOCKET_MINI_BROWSER'),
    ['webkit2gtk-4.1', 'webkit2gtk-4.0', 'webkitgtk-6.0'].flatMap((version) =>
      folders.map((folder) => join(folder, version, 'MiniBrowser')),
    ),
  );
}

/**
 * The X server that shows nothing.
 *
 * @returns {string | undefined}
 */
export function findXvfb() {
  return firstExecutable(['/usr/bin/Xvfb'], inSearchPath('Xvfb'));
}

/**
 * @param {string[][]} groups
 * @returns {string | undefined}
 */
function firstExecutable(...groups) {
  return groups.flat().find((path) => isExecutable(path));
}

/**
 * @param {string} path
 * @returns {boolean}
 */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string[]} names
 * @returns {string[]}
 */
function fromEnvironment(...names) {
  return names.map((name) => process.env[name] ?? '').filter((path) => path !== '');
}

/**
 * @param {string[]} names
 * @returns {string[]}
 */
function inApplications(...names) {
  if (process.platform !== 'darwin') return [];
  return ['/Applications', join(home, 'Applications')].flatMap((folder) =>
    names.map((name) => join(folder, `${name}.app`, 'Contents', 'MacOS', name === 'Firefox' ? 'firefox' : name)),
  );
}

/**
 * @param {string[][]} paths
 * @returns {string[]}
 */
function inProgramFolders(...paths) {
  const folders = fromEnvironment('PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA');
  return folders.flatMap((folder) => paths.map((path) => join(folder, ...path)));
}

/**
 * The newest build first.
 *
 * @param {string} prefix
 * @param {string[][]} executables
 * @returns {string[]}
 */
function inPlaywrightCache(prefix, executables) {
  const folders = [
    ...fromEnvironment('PLAYWRIGHT_BROWSERS_PATH'),
    join(home, '.cache', 'ms-playwright'),
    join(home, 'Library', 'Caches', 'ms-playwright'),
    ...fromEnvironment('LOCALAPPDATA').map((folder) => join(folder, 'ms-playwright')),
  ];
  return folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.startsWith(prefix))
      .sort((a, b) => Number(b.slice(prefix.length)) - Number(a.slice(prefix.length)))
      .flatMap((name) => executables.map((path) => join(folder, name, ...path))),
  );
}

/**
 * @param {string[]} names
 * @returns {string[]}
 */
function inSearchPath(...names) {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => names.map((name) => join(folder, name)));
}
