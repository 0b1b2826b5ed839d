import { expect, test } from 'vitest';
import { chooseContext } from './contexts.ts';

const config = {
  contexts: [
    { name: 'kind-mesh', context: { cluster: 'kind' } },
    { name: 'course', context: { cluster: 'eks' } },
  ],
  clusters: [
    { name: 'kind', cluster: { server: 'https://127.0.0.1:40123' } },
    { name: 'eks', cluster: { server: 'https://eks.example' } },
  ],
  'current-context': 'course',
};
const list = 'The kubeconfig has:\n  kind-mesh  https://127.0.0.1:40123\n  course     https://eks.example';

test('gives the context that was named, with the address of its cluster', () => {
  expect(chooseContext(config, 'kind-mesh')).toEqual({ context: 'kind-mesh', server: 'https://127.0.0.1:40123' });
});

test.each([
  [
    undefined,
    `say which cluster: --context NAME. The current context is not taken, since it may be any cluster. ${list}`,
  ],
  ['mesh', `there is no context "mesh". ${list}`],
])('refuses %j, and lists the contexts', (name, message) => {
  expect(() => chooseContext(config, name)).toThrow(new Error(message));
});

test('says that a kubeconfig has no contexts', () => {
  expect(() => chooseContext({ contexts: null }, 'mesh')).toThrow(
    new Error('there is no context "mesh". The kubeconfig has no contexts'),
  );
});
