// Copies of the policy for Jobs, each with a part of it left out.
import type { KubernetesObject, V1ValidatingAdmissionPolicy } from '@kubernetes/client-node';

type Policy = KubernetesObject & Pick<V1ValidatingAdmissionPolicy, 'spec'>;

export interface PolicyMutation {
  /** What is left out. */
  without: string;
  policy: Policy;
}

/** Each validation, each condition in it or in a variable, and each operation that is looked at. */
export function listPolicyMutations(policy: Policy): PolicyMutation[] {
  const change = (without: string, act: (spec: NonNullable<Policy['spec']>) => unknown): PolicyMutation => {
    const copy = structuredClone(policy);
    act(copy.spec!);
    return { without, policy: copy };
  };
  const { validations, variables, matchConstraints } = policy.spec!;
  const conditions = (list: 'validations' | 'variables', index: number, expression: string) =>
    listConditions(expression).map(({ text, smaller }) =>
      change(`${list} ${index}: ${text}`, (spec) => Object.assign(spec[list]![index]!, { expression: smaller })),
    );
  return [
    ...validations!.flatMap(({ expression }, index) => [
      change(`validations ${index}`, (spec) => spec.validations!.splice(index, 1)),
      ...conditions('validations', index, expression),
    ]),
    ...variables!.flatMap(({ expression }, index) => conditions('variables', index, expression)),
    ...matchConstraints!.resourceRules![0]!.operations!.map((operation, index) =>
      change(operation, (spec) => spec.matchConstraints!.resourceRules![0]!.operations!.splice(index, 1)),
    ),
  ];
}

interface Operator {
  at: number;
  depth: number;
  neutral: 'true' | 'false';
}

/** The conditions that `&&` and `||` connect in an expression, and the expression as if each were not there. */
function listConditions(expression: string): { text: string; smaller: string }[] {
  const operators = listOperators(expression);
  if (operators.length === 0) return [];
  return [-2, ...operators.map(({ at }) => at)].map((at, index) => {
    const end = operators[index]?.at ?? expression.length;
    const { from, to, depth } = trim(expression, at + 2, end, operators[index - 1]?.depth ?? 0);
    const [before, after] = [operators[index - 1], operators[index]];
    const own = before?.depth === depth ? before : after;
    return {
      text: expression.slice(from, to),
      smaller: expression.slice(0, from) + own!.neutral + expression.slice(to),
    };
  });
}

function listOperators(expression: string): Operator[] {
  const operators: Operator[] = [];
  let depth = 0;
  for (const { 0: token, index } of expression.matchAll(/'[^']*'|&&|\|\||[()]/g)) {
    if (token === '(') depth++;
    else if (token === ')') depth--;
    else if (token === '&&') operators.push({ at: index, depth, neutral: 'true' });
    else if (token === '||') operators.push({ at: index, depth, neutral: 'false' });
  }
  return operators;
}

/** What is left of a part between two operators without what is opened or closed around it: `all(one, `, `)`. */
function trim(expression: string, begin: number, end: number, depthBefore: number) {
  const open: number[] = [];
  let to = end;
  for (const { 0: token, index } of expression.slice(begin, end).matchAll(/'[^']*'|[()]/g)) {
    if (token === '(') open.push(begin + index);
    else if (token === ')' && open.length > 0) open.pop();
    else if (token === ')') {
      to = begin + index;
      break;
    }
  }
  const inside = open.length > 0 ? open.at(-1)! + 1 : begin;
  const [lead] = /^\s*(\w+,\s*)?/.exec(expression.slice(inside, to))!;
  const text = expression.slice(inside + lead.length, to).trimEnd();
  return { from: inside + lead.length, to: inside + lead.length + text.length, depth: depthBefore + open.length };
}
