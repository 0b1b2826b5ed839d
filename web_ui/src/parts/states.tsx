/** The states that are not content: nothing yet, not here yet, away, refused. Each says what to do, or what happens. */
import type { ReactNode } from 'react';
import type { ApiError } from '../api/api-error.ts';
import type { Outage } from '../api/queries.ts';
import { formatTime } from './format.ts';

/** Nothing yet, with the first step to take. */
export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="panel state">
      <strong>{title}</strong>
      <div>{children}</div>
    </div>
  );
}

/** Not here yet: the place is kept, so that nothing jumps. */
export function Loading({ what }: { what: string }) {
  return (
    <div className="skeleton" role="status">
      <span className="visually-hidden">Loading: {what}</span>
    </div>
  );
}

/** What is missing, since when, and that it is tried again; for what was refused for good, why. */
export function Away({ what, outage: { error, since } }: { what: string; outage: Outage }) {
  if (!error.isTemporary) return <Refused what={what} error={error} />;
  return (
    <div className="notice state" role="status">
      <strong>
        {what} is away since {formatTime(since)}
      </strong>
      <div>{sentence(error)} This page keeps trying; you need not reload it.</div>
    </div>
  );
}

/** What was refused, why, and what is allowed, in the service's own words. */
export function Refused({ what, error }: { what: string; error: ApiError }) {
  return (
    <div className="notice bad state" role="alert">
      <strong>{what}: refused</strong>
      <div>{sentence(error)}</div>
    </div>
  );
}

/** An error as a sentence. */
export function sentence({ title, detail }: Pick<ApiError, 'title' | 'detail'>): string {
  const text = detail ? `${title}: ${detail}` : title;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
