import { Type } from 'typebox';
import { type ErrorCode, listErrors, Problem } from './errors.ts';

const content = { 'application/problem+json': { schema: Problem } };

/** The answers of a route, for the documentation: its own, and the declared errors that it may give. */
export function answers(own: Record<number, object>, ...codes: ErrorCode[]): Record<string, object> {
  const documented: Record<string, object> = { ...own };
  for (const { code, status, title } of listErrors()) {
    if (!codes.includes(code)) continue;
    const before = documented[status] as { description?: string } | undefined;
    const description = before?.description ? `${before.description} · ${code}: ${title}` : `${code}: ${title}`;
    documented[status] = { description, content };
  }
  return { ...documented, default: { description: "Any other error, the proxy's own included", content } };
}

/** An answer that is text, not JSON. */
export function textAnswer(mediaType: string, description: string): object {
  return { description, content: { [mediaType]: { schema: Type.String() } } };
}
