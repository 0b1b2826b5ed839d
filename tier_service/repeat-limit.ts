/**
 * A request to the API server that failed is not made again later than this after its first attempt, in milliseconds.
 * One that hangs takes some seconds itself, and the proxy in front waits 14 s: after that it would answer with a 504 of
 * its own, which does not say when to come again.
 */
export const repeatWithinMs = 6_000;
