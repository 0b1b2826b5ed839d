/** Every tier, in the order in which they are shown. Each has a folder `NAME_service`, and a path `/NAME`. */
export const tierNames = ['free', 'premium'] as const;

export type TierName = (typeof tierNames)[number];
