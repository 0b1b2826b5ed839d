import pino from 'pino';

/**
 * Standard output. A system call for each line would be a part of many small requests that shows, so the lines of a
 * moment are written together; a reader that stands still costs lines, not memory.
 */
export function logDestination() {
  return pino.destination({ sync: false, minLength: 4_096, periodicFlush: 50, maxLength: 16 * 1_024 * 1_024 });
}
