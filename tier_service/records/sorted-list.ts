/**
 * Items in the order of their keys (text, each only once). Finding is by bisection; adding and removing move memory
 * but compare only O(log n) keys, which for tens of thousands of items is microseconds.
 */
export function createSortedList<T extends { readonly key: string }>() {
  const items: T[] = [];

  /** The index of the first item whose key is not less than this one. */
  function indexOf(key: string): number {
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (items[middle]!.key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    items: items as readonly T[],
    indexOf,
    add(item: T): void {
      const index = indexOf(item.key);
      const replaced = items[index]?.key === item.key ? 1 : 0;
      items.splice(index, replaced, item);
    },
    delete(key: string): void {
      const index = indexOf(key);
      if (items[index]?.key === key) items.splice(index, 1);
    },
  };
}
