import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder in which one installation keeps its data, keys and tokens; readable by its owner only. */
export class DataFolder {
  private constructor(
    readonly path: string,
    private readonly temporary: boolean,
  ) {}

  static open(path: string): DataFolder {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return new DataFolder(path, false);
  }

  static temporary(): DataFolder {
    return new DataFolder(mkdtempSync(join(tmpdir(), 'muster-')), true);
  }

  /** True on the first start in this folder, until {@link seeded} was called. */
  get isNew(): boolean {
    return !existsSync(this.file('seeded'));
  }

  seeded(): void {
    writeFileSync(this.file('seeded'), '');
  }

  file(name: string): string {
    return join(this.path, name);
  }

  folder(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }

  /** A random token kept in a file of this name: made on the first call, the same ever after. */
  token(name: string): string {
    const path = this.file(name);
    if (!existsSync(path)) writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
    return readFileSync(path, 'utf8').trim();
  }

  write(name: string, text: string): string {
    const path = this.file(name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** Removes a temporary folder; one that a person named stays. */
  close(): void {
    if (this.temporary) rmSync(this.path, { recursive: true, force: true });
  }
}
