// Assertions for the scenarios. They use Web APIs only, since pages have no node:assert.

/** Throws unless value is truthy. */
export function ok(value, message = 'assertion failed') {
  if (!value) throw new Error(message);
}

/** Throws unless both values have the same JSON. */
export function equal(got, want) {
  const [left, right] = [got, want].map((value) => JSON.stringify(value));
  ok(left === right, `got ${left}, want ${right}`);
}

/** Throws unless the promise rejects with an error of the given name, or one for which the given function is true. */
export async function rejects(promise, expected) {
  const error = await promise.then(() => undefined, (reason) => reason);
  ok(error !== undefined, 'the promise did not reject');
  const matches = typeof expected === 'string' ? error.name === expected : expected(error);
  ok(matches, `the promise rejected with ${error.name}: ${error.message}`);
}

/** Polls until condition() is truthy, for at most 20 s. `what` names it in the error. */
export async function eventually(what, condition) {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not happen`);
}
