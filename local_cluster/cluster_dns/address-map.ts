/**
 * Makes the function that turns a pod's address into the one its processes listen on.
 * @param rules comma-separated pairs of equally long prefixes, e.g. `10.0.0.0/8=127.0.0.0/8`; empty: nothing is changed
 * @throws Error when a rule cannot be read
 */
export function createAddressMap(rules: string): (address: string) => string {
  const parsed = rules
    .split(',')
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')
    .map(parseRule);
  return (address) => {
    const value = toNumber(address);
    if (value === undefined) return address;
    const rule = parsed.find(({ from, mask }) => (value & mask) >>> 0 === from);
    return rule ? toAddress((rule.to | (value & ~rule.mask)) >>> 0) : address;
  };
}

function parseRule(rule: string) {
  const [from, to, ...rest] = rule.split('=').map(parsePrefix);
  if (!from || !to || rest.length > 0 || from.bits !== to.bits) {
    throw new Error(`ADDRESS_MAP: '${rule}' is not a pair of equally long prefixes like 10.0.0.0/8=127.0.0.0/8`);
  }
  const mask = from.bits === 0 ? 0 : (0xffffffff << (32 - from.bits)) >>> 0;
  return { from: (from.value & mask) >>> 0, to: (to.value & mask) >>> 0, mask };
}

function parsePrefix(text: string): { value: number; bits: number } | undefined {
  const [address = '', length = ''] = text.trim().split('/');
  const value = toNumber(address);
  const bits = /^\d{1,2}$/.test(length) ? Number(length) : 33;
  return value === undefined || bits > 32 ? undefined : { value, bits };
}

function toNumber(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((value, part) => value * 256 + Number(part), 0);
}

function toAddress(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');
}
