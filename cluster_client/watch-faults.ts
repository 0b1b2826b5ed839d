// What goes wrong with a watch, and what each fault says of the version that the watch had reached.
import { errorFromAnswer, errorFromFault, KubernetesError } from './kubernetes-error.ts';

/** An event of type `ERROR`. */
class ErrorEvent extends Error {}

/** The fault that an event of type `ERROR` is. */
export function faultOfEvent(status: { code?: number }): Error {
  return new ErrorEvent('an error event', { cause: errorFromAnswer(status.code ?? 500, JSON.stringify(status)) });
}

/** The fault of a watch on which nothing was heard for too long. */
export function silentWatch(): KubernetesError {
  return new KubernetesError({ status: 0, reason: 'Silent', message: 'the watch fell silent' });
}

/** The fault of a watch that was over at once without a word: anything on the way may have ended it. */
export function endedEarly(): KubernetesError {
  const message = 'the watch ended before its time, and without an event';
  return new KubernetesError({ status: 0, reason: 'EndedEarly', message });
}

export interface WatchFault {
  error: KubernetesError;
  /** Whether the connection may have been dead since it was last heard of. */
  wasSilent: boolean;
  /** Whether the version that was reached can no longer be built on. */
  spoilsVersion: boolean;
}

/** Judges what a list or a watch has thrown. */
export function judgeFault(fault: unknown): WatchFault {
  const error = errorFromFault(fault instanceof ErrorEvent ? fault.cause : fault);
  const wasSilent = error.reason === 'Silent' || error.reason === 'Timeout';
  return { error, wasSilent, spoilsVersion: !isFaultOfTheWay(fault) };
}

/** No answer, or one that asks for patience. An error event, or one that cannot be read, is something else. */
function isFaultOfTheWay(fault: unknown): boolean {
  if (fault instanceof KubernetesError) return fault.isUnavailable;
  return !(fault instanceof ErrorEvent) && typeof (fault as { code?: unknown }).code === 'string';
}
