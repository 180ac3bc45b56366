import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LAYERS = ['libs', 'services', 'deploy', 'test'];
const NOT_COPIED = new Set(['node_modules', 'dist']);
const DEPCRUISE = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');

/** A rule that a file breaks. */
export interface Violation {
  readonly rule: string;
  readonly file: string;
}

interface Report {
  readonly summary: { readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[] };
}

/** The sources of this repository in a folder of their own, in which files can be added and the boundaries be asked without disturbing anybody. */
export class CopiedTree {
  readonly folder = mkdtempSync(join(tmpdir(), 'muster-boundaries-'));

  constructor() {
    for (const name of ['.dependency-cruiser.cjs', 'tsconfig.base.json', 'package.json']) cpSync(join(ROOT, name), join(this.folder, name));
    for (const layer of LAYERS) {
      cpSync(join(ROOT, layer), join(this.folder, layer), { recursive: true, filter: (path) => !NOT_COPIED.has(basename(path)) });
      for (const name of readdirSync(join(ROOT, layer))) this.#link(join(layer, name, 'node_modules'));
    }
    this.#linkPackages();
  }

  write(file: string, text: string): void {
    const path = join(this.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** What the real rules say about the copy. */
  violations(): Violation[] {
    const run = spawnSync(process.execPath, [DEPCRUISE, '--output-type', 'json', ...LAYERS], {
      cwd: this.folder,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
      timeout: 60_000,
      maxBuffer: 256 * 1024 * 1024,
    });
    if (!run.stdout.startsWith('{')) throw new Error(`depcruise gave no report: ${run.error?.message ?? run.stderr.slice(0, 2_000)}`);
    const { summary } = JSON.parse(run.stdout) as Report;
    return summary.violations.map(({ from, rule }) => ({ rule: rule.name, file: from }));
  }

  /** The names of all rules that there are. */
  rules(): string[] {
    const { forbidden } = createRequire(import.meta.url)(join(this.folder, '.dependency-cruiser.cjs')) as { forbidden: { name: string }[] };
    return forbidden.map(({ name }) => name);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Foreign packages are those of the repository; ours are the copies. */
  #linkPackages(): void {
    const packages = join(this.folder, 'node_modules');
    mkdirSync(join(packages, '@muster'), { recursive: true });
    for (const name of readdirSync(join(ROOT, 'node_modules'))) if (name !== '@muster') this.#link(join('node_modules', name));
    for (const folder of LAYERS.flatMap((layer) => readdirSync(join(this.folder, layer)).map((name) => join(layer, name)))) {
      const path = join(this.folder, folder);
      if (existsSync(join(path, 'package.json'))) symlinkSync(path, join(packages, '@muster', basename(folder)));
    }
  }

  #link(path: string): void {
    if (existsSync(join(ROOT, path))) symlinkSync(join(ROOT, path), join(this.folder, path));
  }
}
