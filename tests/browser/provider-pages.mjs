// Fills in the pages of the OpenID Connect providers of these tests.
const password = process.env.PASSWORD; // at zitadel's; npm's takes any

const ways = {
  async zitadel({ page }, name) {
    await page.getByLabel('Username:').fill(name);
    await page.getByLabel('Password:').fill(password);
    await page.getByRole('button', { name: 'Login' }).click();
  },
  async npm({ page }, name) {
    await page.getByPlaceholder('Enter any login').fill(name);
    await page.getByPlaceholder('and password').fill('anything');
    await page.getByRole('button', { name: 'Sign-in' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
  },
};

/** Signs in as name at the page of the provider that the window shows: 'zitadel' or 'npm'. */
export const fillIn = (provider, view, name) => ways[provider](view, name);
