/** Pays on a checkout page of the embedded Stripe, as its button does. */
export async function pay(page) {
  const response = await fetch(page, { method: 'POST', body: new URLSearchParams({ do: 'pay' }), redirect: 'manual' });
  if (response.status !== 303) throw new Error(`the checkout page responded with ${response.status}`);
}
