// What the scenarios hold to be true, with Web APIs alone: node:assert is not to be had in a page.

/** Throws unless value is truthy. */
export function ok(value, message = 'is not so') {
  if (!value) throw new Error(message);
}

/** Throws unless both are the same as JSON. */
export function equal(got, want) {
  const [left, right] = [got, want].map((value) => JSON.stringify(value));
  ok(left === right, `got ${left}, want ${right}`);
}

/** Throws unless the promise is refused with an error for which check holds; a string is the error's name. */
export async function rejects(promise, check) {
  const error = await promise.then(() => undefined, (why) => why);
  ok(error !== undefined, 'was not refused');
  ok(typeof check === 'string' ? error.name === check : check(error), `refused with ${error.name}: ${error.message}`);
}

/** Asks until the answer is truthy, for at most 20 s. */
export async function eventually(what, ask) {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((next) => setTimeout(next, 50))) if (await ask()) return;
  throw new Error(`${what} did not happen`);
}
