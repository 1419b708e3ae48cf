/** What stands in the page's place for those without the token; it needs no other file. */
export const SIGN_IN_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

/** @param next address that was asked for, and is gone on to */
export const signInPage = (action: string, next: string, isWrong: boolean) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>WatchNext: sign in</title>
    <style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 24rem; margin: 20vh auto; padding: 0 1rem }</style>
  </head>
  <body>
    <h1>WatchNext</h1>
    <form method="post" action="${action}">
      <input type="hidden" name="next" value="${escaped(next)}" />
      <p><label>Token of the console <input type="password" name="token" required autofocus autocomplete="current-password" /></label></p>
      ${isWrong ? '<p role="alert">That is not the token.</p>' : ''}
      <p><button>Sign in</button></p>
    </form>
  </body>
</html>
`;
