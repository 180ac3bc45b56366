import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { Secret } from './secret.ts';

describe('a secret', () => {
  const secret = new Secret('hunter2');

  it('is shown by no way of printing it', () => {
    const shown = [
      String(secret),
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ deep: { secret } }, { showHidden: true, depth: 9 }),
      Object.values(secret).join(),
      JSON.stringify(Object.getOwnPropertyDescriptors(secret)),
      [secret].join(),
    ];
    for (const text of shown) expect(text).not.toContain('hunter2');
  });

  it('is handed out when asked for by name', () => {
    expect(secret.reveal()).toBe('hunter2');
  });
});
