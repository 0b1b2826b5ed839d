/** Where tests' clusters look for a free address range first: away from the user's own. */
export const testOctet = 100;
