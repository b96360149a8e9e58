import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** The package as a user has it: packed, and installed in a project of its own. */
export class InstalledPackage implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Packs dist/ as it is; what the package depends on comes from npm's cache where it has it. */
  static async make(): Promise<InstalledPackage> {
    const folder = await mkdtemp(join(tmpdir(), 'chunksocket-installed-'));
    const arguments_ = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await run('npm', arguments_, { cwd: ROOT });
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${filename}`], { cwd: folder });
    await cp(fileURLToPath(new URL('project', import.meta.url)), folder, { recursive: true });
    return new InstalledPackage(folder);
  }

  /** Where a file of the package is. */
  path(file: string): string {
    return join(this.folder, 'node_modules/chunksocket', file);
  }

  read(file: string): Promise<string> {
    return readFile(this.path(file), 'utf8');
  }

  /** What Node prints that runs `source` in the project, as an ES module or as CommonJS. */
  async run(source: string, type: 'module' | 'commonjs', ...flags: readonly string[]): Promise<string> {
    const file = join(this.folder, type === 'module' ? 'run.mjs' : 'run.cjs');
    await writeFile(file, source);
    const { stdout } = await run(process.execPath, [...flags, file], { cwd: this.folder, timeout: 20_000 });
    return stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
