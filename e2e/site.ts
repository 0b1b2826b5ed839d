// The mesh as a visitor's browser knows it.
import { inject } from 'vitest';
import type {} from './provided-context.ts';

const front = new URL(inject('mesh').front);

/** Under a name: browsers trust this machine's own addresses more than others, and so does Swagger UI. */
export const site = new URL(front.origin.replace(front.hostname, 'mesh.example'));

/** Where that name leads, for a browser that is to know it. */
export const siteHosts = { [site.hostname]: front.hostname };
