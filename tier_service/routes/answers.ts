import type { TSchema } from 'typebox';
import { type ErrorCode, listErrors, Problem } from '../errors.ts';

/** The answers of a route, for the documentation: its own, and the declared errors that it may give. */
export function answers(own: Record<number, TSchema>, ...codes: ErrorCode[]): Record<number, object> {
  const documented: Record<number, object> = { ...own };
  for (const { code, status, title } of listErrors()) {
    if (!codes.includes(code)) continue;
    const before = documented[status] as { description?: string } | undefined;
    const description = before?.description ? `${before.description} · ${code}: ${title}` : `${code}: ${title}`;
    documented[status] = { description, content: { 'application/problem+json': { schema: Problem } } };
  }
  return documented;
}
