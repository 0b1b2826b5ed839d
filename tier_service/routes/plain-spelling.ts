import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * The proxies tell calls that may last long by their path and the name of a parameter, letter by letter, and give them
 * connections of their own. The same call spelt otherwise (`%6cogs`, `%77ait=60`) would last on a connection of the ordinary
 * calls, so it is sent to the plain spelling.
 * @param path the plain path of the call
 * @param parameter the parameter that makes it last, if it is one
 * @returns true when the client has been sent there
 */
export function redirectToPlainSpelling(
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  parameter?: string,
): boolean {
  const [askedPath = '', askedQuery = ''] = (request.raw.url ?? '').split(/\?(.*)/s);
  const hasPlainPath = askedPath === path || askedPath === `${path}/`;
  const hasPlainQuery =
    parameter === undefined || askedQuery.split('&').some((pair) => pair.startsWith(`${parameter}=`));
  if (hasPlainPath && hasPlainQuery) return false;
  const query = new URLSearchParams(request.query as Record<string, string>).toString();
  reply.redirect(query === '' ? path : `${path}?${query}`, 308);
  return true;
}
