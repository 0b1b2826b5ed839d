import { beforeEach, expect, inject, test } from 'vitest';
import { ask, clearJobs, post, waitForStatus } from './mesh.ts';

beforeEach(clearJobs);

const { kmnistTestImages } = inject('mesh');

test.runIf(kmnistTestImages > 0)(
  'a KMNIST job learns on the real images, and its line names how many there were to test',
  async () => {
    const { id } = await post('/premium', { dataset: 'kmnist', epochs: 3 });
    const { status, result } = await waitForStatus(id, 'succeeded', 'failed');
    expect([status, result?.test_images]).toEqual(['succeeded', kmnistTestImages]);
    expect(result!.accuracy).toBeGreaterThan(70);
    const images = kmnistTestImages === 10_000 ? '10K' : kmnistTestImages;
    expect(await (await ask(`/premium/jobs/${id}/logs`)).text()).toContain(
      `Accuracy of the network on the ${images} test images: `,
    );
  },
);

test.runIf(kmnistTestImages === 0)('a KMNIST job without its data fails, and says what is missing', async () => {
  const { id } = await post('/premium', { dataset: 'kmnist' });
  const { status, error } = await waitForStatus(id, 'succeeded', 'failed');
  expect(status).toBe('failed');
  expect(error!.message).toMatch(/kmnist/i);
});
