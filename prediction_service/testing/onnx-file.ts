// For tests: writes small ONNX networks, field by field of onnx.proto, so that no test needs Python.

/** A network of one layer: `logits = weights · pixels + biases`. */
export interface LinearNetwork {
  /** Shape of one input, e.g. `[1, 28, 28]`. */
  shape: number[];
  /** For each class its weights, one for each number of the input. */
  weights: number[][];
  biases: number[];
  /** How often the input is multiplied with the unit matrix first, which changes nothing but takes its time. */
  detours?: number;
}

const floatType = 1;

/** The bytes of an ONNX file, with any number of images at a time: `image` (n, …shape) to `logits` (n, classes). */
export function writeLinearNetwork({ shape, weights, biases, detours = 0 }: LinearNetwork): Buffer {
  const size = shape.reduce((product, side) => product * side, 1);
  const nodes = [
    node('Flatten', ['image'], 'flat0', integerAttribute('axis', 1)),
    ...Array.from({ length: detours }, (_, i) => node('MatMul', [`flat${i}`, 'unit'], `flat${i + 1}`)),
    node('Gemm', [`flat${detours}`, 'weights', 'biases'], 'logits', integerAttribute('transB', 1)),
  ];
  const unit = Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
  const graph = join(
    ...nodes.map((each) => bytes(1, each)),
    text(2, 'linear'),
    ...(detours > 0 ? [bytes(5, tensor('unit', [size, size], unit))] : []),
    bytes(5, tensor('weights', [weights.length, size], weights.flat())),
    bytes(5, tensor('biases', [biases.length], biases)),
    bytes(11, valueInfo('image', ['n', ...shape])),
    bytes(12, valueInfo('logits', ['n', weights.length])),
  );
  const opset = join(text(1, ''), integer(2, 17));
  return join(integer(1, 8), text(2, 'tests'), bytes(7, graph), bytes(8, opset));
}

function node(operator: string, inputs: string[], output: string, attribute?: Buffer): Buffer {
  const attributes = attribute ? [bytes(5, attribute)] : [];
  return join(...inputs.map((name) => text(1, name)), text(2, output), text(4, operator), ...attributes);
}

function integerAttribute(name: string, value: number): Buffer {
  const integerKind = 2;
  return join(text(1, name), integer(3, value), integer(20, integerKind));
}

function tensor(name: string, dimensions: number[], values: number[]): Buffer {
  const raw = Buffer.from(new Float32Array(values).buffer);
  return join(...dimensions.map((side) => integer(1, side)), integer(2, floatType), text(8, name), bytes(9, raw));
}

function valueInfo(name: string, dimensions: (number | string)[]): Buffer {
  const sides = dimensions.map((side) => bytes(1, typeof side === 'string' ? text(2, side) : integer(1, side)));
  const tensorType = join(integer(1, floatType), bytes(2, join(...sides)));
  return join(text(1, name), bytes(2, bytes(1, tensorType)));
}

function join(...parts: Buffer[]): Buffer {
  return Buffer.concat(parts);
}

function integer(field: number, value: number): Buffer {
  return join(varint(field << 3), varint(value));
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value));
}

function bytes(field: number, value: Buffer): Buffer {
  return join(varint((field << 3) | 2), varint(value.length), value);
}

function varint(value: number): Buffer {
  const parts: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) parts.push((rest % 128) | 0x80);
  return Buffer.from([...parts, rest]);
}
