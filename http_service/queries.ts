// What a call takes in its query and its headers, checked by its schema; and how a client is told otherwise.
import type { FastifyInstance, FastifySchemaValidationError } from 'fastify';
import { Type } from 'typebox';
import { problem, type ServiceError } from './errors.ts';
import { shorten } from './shorten.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Query parameters that nobody knows are passed over: old clients and load balancers send such. */
    takesAnyQuery?: boolean;
  }
}

const NoQuery = Type.Object({});

/** Has every call refuse query parameters that it does not know: one that is misspelt is not passed over in silence. */
export function refuseUnknownQueries(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    // What the documentation's own plugin adds, for those who have it.
    const { hide } = (route.schema ?? {}) as { hide?: boolean };
    if (!route.schema || hide || route.config?.takesAnyQuery) return;
    route.schema.querystring = { ...(route.schema.querystring ?? NoQuery), additionalProperties: false };
  });
}

/** What is told of the first thing in a query or a header that a schema does not allow. */
export function describeInvalidQuery([first]: FastifySchemaValidationError[], part: string): ServiceError {
  const { instancePath = '', message = '', params = {} } = first ?? {};
  const kind = part === 'headers' ? 'header' : 'query parameter';
  if ('additionalProperty' in params)
    return problem('invalid_request', `this call has no ${kind} "${shorten(String(params.additionalProperty))}"`);
  const allowed = Array.isArray(params.allowedValues) ? `: ${params.allowedValues.join(', ')}` : '';
  return problem('invalid_request', `the ${kind} "${instancePath.slice(1)}" ${message}${allowed}`);
}
