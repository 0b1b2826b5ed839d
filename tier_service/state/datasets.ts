/** The images that a job may learn. */
export const datasets = ['mnist', 'kmnist'] as const;
export type Dataset = (typeof datasets)[number];
