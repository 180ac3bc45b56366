import { describe, expect, it } from '@jest/globals';
import { Fault, faultOf } from './fault.ts';

const fault = new Fault({
  code: 'target.unavailable',
  kind: 'transient',
  message: 'okta-main did not answer',
  remedy: 'Nothing to do.',
  cause: new Error('connect to ann.lee@example.com failed'),
});

describe('a fault', () => {
  it('is stored without its cause, which may quote what was sent', () => {
    expect(JSON.stringify(fault)).toBe(JSON.stringify(fault.record()));
    expect(JSON.stringify(fault.record())).not.toContain('ann.lee');
  });

  it('is found behind the errors that wrap it', () => {
    expect(faultOf(new Error('outer', { cause: new Error('inner', { cause: fault }) }))).toBe(fault);
    expect(faultOf(new Error('a bug'))).toBeUndefined();
  });

  it('is not looked for without end in a circle of causes', () => {
    const circle = new Error('circle');
    circle.cause = circle;
    expect(faultOf(circle)).toBeUndefined();
  });
});
