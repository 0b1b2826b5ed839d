/**
 * Kubernetes quantities ("900m", "1Gi", "12e6"), read and written as `k8s.io/apimachinery/pkg/api/resource`
 * does it, odd corners included: what kubectl prints is the outcome of reading the API's text and writing it
 * again, and the quota text of the grader interface has to equal it byte for byte.
 */

/** How a quantity is written: 12M, 12Mi or 12e6. It is remembered from the text that was read. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** The amount `unscaled` × 10^`exponent`. */
export interface Quantity {
  unscaled: bigint;
  exponent: number;
  format: QuantityFormat;
  /** The text that was read, where Kubernetes takes it to be canonical and repeats it unchanged. */
  text?: string;
  /** Whether Kubernetes holds `unscaled` in 64 bits, or as a number of any size. */
  bounded: boolean;
}

const MAX_INT64 = 2n ** 63n - 1n;
const NANO = -9;
const SYNTAX = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;

const DECIMAL_SUFFIXES = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const BINARY_SUFFIXES = new Map([
  ['Ki', 10],
  ['Mi', 20],
  ['Gi', 30],
  ['Ti', 40],
  ['Pi', 50],
  ['Ei', 60],
]);
const DECIMAL_SUFFIX_OF = new Map([...DECIMAL_SUFFIXES].map(([suffix, exponent]) => [exponent, suffix]));
const BINARY_SUFFIX_OF = new Map([...BINARY_SUFFIXES].map(([suffix, exponent]) => [exponent, suffix]));

interface Digits {
  /** The sign and all that comes before the suffix. */
  sign: bigint;
  /** Digits before the point, without leading zeros, at least one. */
  whole: string;
  /** Digits after the point. */
  fraction: string;
}

/**
 * Reads a quantity.
 *
 * @throws RangeError when the text is none
 */
export function parseQuantity(text: string): Quantity {
  if (text === '0') return { unscaled: 0n, exponent: 0, format: 'DecimalSI', text, bounded: true };
  const match = SYNTAX.exec(text);
  if (!match) throw notAQuantity(text);
  const digits: Digits = {
    sign: match[1] === '-' ? -1n : 1n,
    whole: match[2]!.replace(/^0+/, '') || '0',
    fraction: match[3] ?? '',
  };
  const suffix = readSuffix(match[4]!);
  if (!suffix) throw notAQuantity(text);
  return parseBounded(text, digits, suffix) ?? parseUnbounded(digits, suffix);
}

function notAQuantity(text: string): RangeError {
  return new RangeError(`"${text}" is not a quantity`);
}

/**
 * What a quantity comes to in units of 10^`exponent` (-3: thousandths), rounded up to a whole number of them, as
 * Kubernetes' `ScaledValue` does: 900 for `900m` and -3, 1024 for `1Ki`. Exact up to 2^53.
 *
 * @param quantity a number as well, as it may stand in a manifest
 * @throws RangeError when it is none
 */
export function scaledValue(quantity: string | number, exponent = 0): number {
  const read = parseQuantity(String(quantity));
  return Number(atExponent(read.unscaled, read.exponent, exponent));
}

interface Suffix {
  exponent: number;
  format: QuantityFormat;
}

function readSuffix(suffix: string): Suffix | undefined {
  const decimal = DECIMAL_SUFFIXES.get(suffix);
  if (decimal !== undefined) return { exponent: decimal, format: 'DecimalSI' };
  const binary = BINARY_SUFFIXES.get(suffix);
  if (binary !== undefined) return { exponent: binary, format: 'BinarySI' };
  if (/^[eE][-+]?\d+$/.test(suffix)) return { exponent: Number(suffix.slice(1)), format: 'DecimalExponent' };
  return undefined;
}

/** Amounts that surely fit 64 bits; only these keep the text that they were read from. */
function parseBounded(text: string, { sign, whole, fraction }: Digits, suffix: Suffix): Quantity | undefined {
  const binary = suffix.format === 'BinarySI';
  if (binary && fraction !== '') return undefined;
  const spareDigits = binary ? 14 - whole.length - (suffix.exponent * 3) / 10 : 18 - whole.length - fraction.length;
  const exponent = (binary ? 0 : suffix.exponent) - fraction.length;
  if (spareDigits < 0 || exponent < NANO) return undefined;

  const shifted = whole + fraction;
  const value = BigInt(shifted);
  const canonical = binary
    ? (value & 7n) !== 0n
    : exponent % 3 === 0 && !shifted.endsWith('000') && !shifted.startsWith('0');
  const unscaled = sign * value * (binary ? 1n << BigInt(suffix.exponent) : 1n);
  return { unscaled, exponent, format: suffix.format, bounded: true, ...(canonical && { text }) };
}

/** Amounts of any size: rounded up to nano, binary ones capped at 2^63 - 1. */
function parseUnbounded({ sign, whole, fraction }: Digits, suffix: Suffix): Quantity {
  const binary = suffix.format === 'BinarySI';
  const mantissa = BigInt(whole + fraction) * (binary ? 1n << BigInt(suffix.exponent) : 1n);
  const exponent = (binary ? 0 : suffix.exponent) - fraction.length;
  if (mantissa === 0n) return { unscaled: 0n, exponent: 0, format: suffix.format, bounded: false };
  const nanos = atExponent(mantissa, exponent, NANO);
  if (binary && nanos > MAX_INT64 * 10n ** 9n) {
    return { unscaled: sign * MAX_INT64, exponent: 0, format: 'BinarySI', bounded: false };
  }
  const format = binary && nanos < 10n ** 9n ? 'DecimalSI' : suffix.format;
  return { unscaled: sign * nanos, exponent: NANO, format, bounded: false };
}

/** The same amount with another exponent, rounded away from zero where digits are lost. */
function atExponent(unscaled: bigint, exponent: number, wanted: number): bigint {
  if (exponent >= wanted) return unscaled * 10n ** BigInt(exponent - wanted);
  const divisor = 10n ** BigInt(wanted - exponent);
  const quotient = unscaled / divisor;
  if (unscaled % divisor === 0n) return quotient;
  return unscaled > 0n ? quotient + 1n : quotient - 1n;
}

/** Writes a quantity in canonical form: no fraction, and the largest suffix that loses nothing. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.text !== undefined) return quantity.text;
  if (quantity.unscaled === 0n) return '0';
  return (quantity.format === 'BinarySI' && formatBinary(quantity)) || formatDecimal(quantity);
}

/** Nothing for what binary suffixes cannot say, or only confusingly: fractions, and less than 1Ki. */
function formatBinary({ unscaled, exponent }: Quantity): string | undefined {
  let amount = atExponent(unscaled, exponent, 0);
  const exact = exponent >= 0 || amount * 10n ** BigInt(-exponent) === unscaled;
  if (!exact || (amount > -1024n && amount < 1024n)) return undefined;
  let power = 0;
  while (amount % 1024n === 0n) {
    amount /= 1024n;
    power += 10;
  }
  return `${amount}${BINARY_SUFFIX_OF.get(power) ?? ''}`;
}

function formatDecimal({ unscaled, exponent, format }: Quantity): string {
  let amount = unscaled;
  let power = exponent;
  while (amount % 10n === 0n) {
    amount /= 10n;
    power += 1;
  }
  while (power % 3 !== 0) {
    amount *= 10n;
    power -= 1;
  }
  if (format === 'DecimalExponent') return power === 0 ? `${amount}` : `${amount}e${power}`;
  // Beyond 10^18 there is no suffix, and Kubernetes then writes none.
  return `${amount}${DECIMAL_SUFFIX_OF.get(power) ?? ''}`;
}

/**
 * The quantity in another format, rounded up to a whole number on the way, as kubectl does when a quota's used
 * and hard amounts are written differently. Quotas hold nothing below zero.
 */
export function convertQuantity(quantity: Quantity, format: QuantityFormat): Quantity {
  const whole = atExponent(quantity.unscaled, quantity.exponent, 0);
  const fits = whole <= MAX_INT64 && whole >= -MAX_INT64 - 1n;
  const unscaled = fits || wrapsAround(quantity) ? BigInt.asIntN(64, whole) : 0n;
  return { unscaled, exponent: 0, format, bounded: true };
}

/** What comes of more than 2^63 - 1 in Kubernetes: the low 64 bits, or 0 where its multiplication goes in steps of ten. */
function wrapsAround({ bounded, exponent }: Quantity): boolean {
  return !bounded || [1, 2, 3, 6, 9].includes(exponent);
}
