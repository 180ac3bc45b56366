import { describe, expect, it } from '@jest/globals';
import { describeError } from './dead-letter.ts';

describe('what a dead letter says of its cause', () => {
  it('is the text of a fault with its remedy', () => {
    const fault = Object.assign(new Error('Okta refused the field login of 0oa1'), {
      code: 'target.value_refused',
      kind: 'refused',
      remedy: 'Correct the mapping.',
    });
    expect(describeError(fault)).toEqual({
      code: 'target.value_refused',
      text: 'Okta refused the field login of 0oa1 Correct the mapping.',
    });
  });

  it('quotes no input of a bug', () => {
    let thrown: unknown;
    try {
      JSON.parse('{"name":"Ada Lovelace","mail":ada@example.com}');
    } catch (error) {
      thrown = error;
    }
    const { code, text } = describeError(thrown);
    expect(code).toBe('internal.bug');
    expect(text).toMatch(/^SyntaxError/);
    expect(text).not.toMatch(/Lovelace|example/);
    expect(text).toMatch(/dead-letter\.spec/);
  });

  it('survives whatever else is thrown', () => {
    expect(describeError('text').code).toBe('internal.bug');
    expect(describeError(undefined).text).toBe('threw a undefined');
  });
});
