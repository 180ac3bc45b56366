import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataFolder } from './data-folder.ts';

const TEMPLATES = ['joiner.flow.yaml', 'leaver.flow.yaml'];

/** The folder of flow files. The first start puts the templates there; whatever a person made of them since stays. */
export function flowsFolder(data: DataFolder, withTemplates: boolean): string {
  const folder = data.folder('flows');
  if (!withTemplates) return folder;
  for (const name of TEMPLATES) {
    const target = join(folder, name);
    if (!existsSync(target)) copyFileSync(fileURLToPath(import.meta.resolve(`@muster/flow/templates/${name}`)), target);
  }
  return folder;
}
