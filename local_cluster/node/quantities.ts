const factors: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * The number that a Kubernetes quantity stands for, e.g. 0.9 for `900m` and 1024 for `1Ki`.
 * @throws Error for what is no quantity
 */
export function parseQuantity(quantity: string | number): number {
  const [, number, suffix] = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(String(quantity)) ?? [];
  const factor = factors[suffix ?? '?'];
  if (number === undefined || factor === undefined) throw new Error(`"${quantity}" is not a quantity`);
  return Number(number) * factor;
}

/** A CPU quantity in thousandths of a core. */
export function parseCpuMillis(quantity: string | number): number {
  return Math.round(parseQuantity(quantity) * 1000);
}
