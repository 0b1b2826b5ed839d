/** Faults of this process or machine, which say nothing of the file or process that was asked about. */

/** No file descriptors, memory or processes left, or interrupted: the same call may succeed a moment later. */
const codes = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR', 'ENOBUFS']);

/** Says whether an error is such a fault. Whoever gets one knows nothing, and has to look again. */
export function isPassingFault(error: unknown): boolean {
  return codes.has((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}

/** Gives what a look gives; `otherwise` where it fails because there is nothing to see. @throws passing faults */
export function lookOr<T, U>(look: () => T, otherwise: U): T | U {
  try {
    return look();
  } catch (error) {
    if (isPassingFault(error)) throw error;
    return otherwise;
  }
}

/** Gives what a look gives; `otherwise` where a passing fault keeps it from telling. */
export function ifKnown<T, U>(look: () => T, otherwise: U): T | U {
  try {
    return look();
  } catch (error) {
    if (!isPassingFault(error)) throw error;
    return otherwise;
  }
}
