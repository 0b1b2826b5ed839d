/**
 * Items in the order of their keys (text, each only once). Finding is by bisection; adding and removing move memory
 * but compare only O(log n) keys, which for tens of thousands of items is microseconds.
 * @param keyOf an item's key, which must not change while the item is in the list
 */
export function createSortedList<T>(keyOf: (item: T) => string) {
  const items: T[] = [];

  /** The index of the first item whose key is not less than this one. */
  function indexOf(key: string): number {
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keyOf(items[middle]!) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function holdsAt(index: number, key: string): boolean {
    return index < items.length && keyOf(items[index]!) === key;
  }

  return {
    items: items as readonly T[],
    indexOf,
    add(item: T): void {
      const key = keyOf(item);
      const index = indexOf(key);
      items.splice(index, holdsAt(index, key) ? 1 : 0, item);
    },
    delete(item: T): void {
      const key = keyOf(item);
      const index = indexOf(key);
      if (holdsAt(index, key)) items.splice(index, 1);
    },
  };
}
