/** Names in a sentence: `a, b or c`. */
export function anyOf(names: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'disjunction' }).format(names).replace(/, or /, ' or ');
}
