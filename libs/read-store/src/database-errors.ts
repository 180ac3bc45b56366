const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
// PostgreSQL, appendix A: 08 connection, 40 serialization and deadlock, 53 resources, 57P operator (shutdown), 58 system, 55P03 lock, 25P03/25P04 timed out.
const STATES = /^(08...|40...|53...|57P..|58...|55P03|25P0[34])$/;
const CLIENT =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Query read timeout|Cannot use a pool after calling end)/;

interface ErrorLike {
  code?: unknown;
  message?: unknown;
  cause?: unknown;
}

/**
 * True for a failure of the database or of the way to it, not of what was asked: the same again later may succeed. Looks through `cause`.
 */
export function isDatabaseTrouble(error: unknown): boolean {
  let seen = error as ErrorLike | undefined;
  for (let depth = 0; depth < 5 && typeof seen === 'object' && seen !== null; depth++) {
    const { code, message } = seen;
    if (typeof code === 'string' && (NETWORK.has(code) || STATES.test(code))) return true;
    if (typeof message === 'string' && CLIENT.test(message)) return true;
    seen = seen.cause as ErrorLike | undefined;
  }
  return false;
}
