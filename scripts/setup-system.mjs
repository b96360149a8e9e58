// Sees to the programs that the tests run beside Node: real browsers and real proxies. On Debian, as root, it installs
// what is missing; elsewhere it says what to install. Only a Chromium or Chrome is a must: without it this fails.
// CHUNKSOCKET_NO_INSTALL=1 forbids the installing.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import {
  findChromium,
  findFirefox,
  findMiniBrowser,
  findWebKitDriver,
  findXvfb,
} from '../test/support/find-browser.mjs';

/** Debian package -> is it (or its like) here? */
const wanted = {
  chromium: () => findChromium() !== undefined,
  'firefox-esr': () => findFirefox() !== undefined,
  'webkit2gtk-driver': () => findWebKitDriver() !== undefined && findMiniBrowser() !== undefined,
  xvfb: () => findXvfb() !== undefined,
  nginx: () => onPath('nginx'),
  haproxy: () => onPath('haproxy'),
  'python3-websockets': () => hasPythonModule('websockets'),
  'python3-tornado': () => hasPythonModule('tornado'),
};

const missing = () => Object.keys(wanted).filter((name) => !wanted[name]());

let absent = missing();
if (absent.length > 0 && canInstall()) {
  install(absent);
  absent = missing();
}
if (absent.length > 0) {
  console.error(`setup-system: missing: ${absent.join(', ')}`);
  console.error(`setup-system: on Debian or Ubuntu: sudo apt-get install ${absent.join(' ')}`);
  if (absent.includes('chromium')) {
    console.error('setup-system: the browser tests need Chromium or Chrome; elsewhere install it from your system.');
    process.exitCode = 1;
  } else {
    console.error('setup-system: going on without; tests that need these fail.');
  }
}

function onPath(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Whether the system's Python has it: another one in the search path knows nothing of Debian's packages. */
function hasPythonModule(name) {
  return spawnSync('/usr/bin/python3', ['-c', `import ${name}`], { stdio: 'ignore' }).status === 0;
}

function canInstall() {
  return (
    process.env.CHUNKSOCKET_NO_INSTALL === undefined &&
    process.getuid?.() === 0 &&
    existsSync('/etc/debian_version') &&
    onPath('apt-get')
  );
}

function install(packages) {
  console.error(`setup-system: installing ${packages.join(', ')}`);
  const attempts = 3;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    // One that this release does not have must not keep out the others, so the last attempt takes each alone.
    const groups = attempt < attempts ? [packages] : packages.map((name) => [name]);
    aptGet('update');
    const results = groups.map((group) => aptGet('install', '--yes', '--no-install-recommends', ...group));
    if (results.every(Boolean)) return;
    console.error(`setup-system: attempt ${attempt} of ${attempts} failed`);
    if (attempt < attempts) spawnSync('sleep', [String(5 * attempt)]);
  }
}

function aptGet(...args) {
  // Another apt may be at work: wait for its lock. The output goes to stderr, for stdout belongs to what comes after.
  const options = ['-qq', '-o', 'DPkg::Lock::Timeout=600', '-o', 'Acquire::Retries=3'];
  const { status } = spawnSync('apt-get', [...options, ...args], {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}
