import { defineConfig } from 'vite';

/** Where a mesh runs whose API the development server shows: `MESH_URL=http://127.0.0.1:8080 npm run page`. */
const mesh = process.env.MESH_URL ?? 'http://127.0.0.1:8080';
const apiPaths = ['/free', '/premium', '/cluster', '/config', '/models', '/predict', '/ping', '/docs', '/openapi.json'];

/** Libraries that get a file of their own: what each costs can be read off, and stays cached when the page changes. */
const libraries = {
  react: /node_modules\/(?:react|react-dom|scheduler)\//,
  query: /node_modules\/@tanstack\//,
  curve: /node_modules\/uplot\/|parts\/valid-language/,
};

export default defineConfig({
  root: import.meta.dirname,
  server: { proxy: Object.fromEntries(apiPaths.map((path) => [path, { target: mesh }])) },
  build: {
    target: 'es2024',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // Fonts and pictures stay files: the Content-Security-Policy allows data: for images alone.
    assetsInlineLimit: 0,
    rolldownOptions: {
      // "use client" means nothing here, and is in every file of some libraries.
      checks: { moduleLevelDirective: false },
      output: {
        codeSplitting: { groups: Object.entries(libraries).map(([name, test]) => ({ name, test })) },
      },
    },
  },
});
