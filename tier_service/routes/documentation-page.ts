// How the documentation page looks: the mesh's name instead of a framework's, and the tables of codes below the calls.
import type { FastifySwaggerUiOptions } from '@fastify/swagger-ui';

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

/** The settings of the page of one tier. */
export function pageOptions(tierName: string): Pick<FastifySwaggerUiOptions, 'logo' | 'theme' | 'uiConfig'> {
  return {
    logo: { type: 'image/svg+xml', content: Buffer.from(logo), href: `/${tierName}/docs`, target: '_self' },
    theme: { title: `ML job mesh, ${tierName} tier`, css: [{ filename: 'mesh.css', content: style }] },
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true },
  };
}
