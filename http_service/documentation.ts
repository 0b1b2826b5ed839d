// How the documentation pages look: the mesh's name instead of a framework's, and the tables of codes below the calls.
import type { FastifySwaggerUiOptions } from '@fastify/swagger-ui';
import { listErrors, listProxyErrors, type ServiceKind } from './errors.ts';

/** White on the page's dark bar. */
const logo = `<svg xmlns="http://www.w3.org/2000/svg" width="180" height="32" role="img" aria-label="ML job mesh">
<circle cx="12" cy="10" r="4" fill="#5b9bff"/><circle cx="12" cy="24" r="4" fill="#e05ad8"/>
<path d="M16 10h10M16 24h10" stroke="#fff" stroke-width="2"/>
<text x="34" y="22" fill="#fff" font-family="system-ui, sans-serif" font-size="17" font-weight="600">ML job mesh</text></svg>`;

/** A group's description stands in its heading, which is one line high unless it is told otherwise. */
const style = `
.swagger-ui .opblock-tag { flex-wrap: wrap; }
.swagger-ui .opblock-tag small:has(table) { flex: 1 0 100%; order: 1; padding: 8px 0 16px; }
.swagger-ui .opblock-tag small table { width: auto; }
.swagger-ui .opblock-tag small td, .swagger-ui .opblock-tag small th { padding: 4px 16px 4px 0; text-align: left; vertical-align: top; }
`;

/** Whether an API key is needed is decided where a service runs. */
export const keySecurity = {
  components: {
    securitySchemes: {
      apiKey: { type: 'http' as const, scheme: 'bearer', description: 'Only where API keys are on.' },
    },
  },
  security: [{}, { apiKey: [] }] as Record<string, string[]>[],
};

/**
 * The settings of a documentation page.
 * @param title what stands in the browser's bar
 * @param path where the page is
 */
export function pageOptions(
  title: string,
  path: string,
): Pick<FastifySwaggerUiOptions, 'routePrefix' | 'logo' | 'theme' | 'uiConfig'> {
  return {
    routePrefix: path,
    logo: { type: 'image/svg+xml', content: Buffer.from(logo), href: path, target: '_self' },
    theme: { title, css: [{ filename: 'mesh.css', content: style }] },
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true },
  };
}

/** Every code that an answer of a service may carry, and those of the proxy in front of it, as tables in Markdown. */
export function describeErrorCodes(kind: ServiceKind): string[] {
  return [
    'Errors are `application/problem+json` (RFC 9457) with one of these codes:',
    markdownTable(
      ['code', 'status', 'meaning'],
      listErrors(kind).map(({ code, status, title }) => [`\`${code}\``, status, title]),
    ),
    'The proxy in front answers by itself with some of them, and with these:',
    markdownTable(
      ['code', 'status', 'meaning'],
      listProxyErrors().map(({ code, status, title }) => [`\`${code}\``, status ?? 'any other', title]),
    ),
  ];
}

/** A table in Markdown. */
export function markdownTable(head: string[], rows: (string | number)[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
