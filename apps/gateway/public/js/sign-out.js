/** Forgets the console's token, which a cookie holds that no script sees. Without a sign-in there is none to forget. */
import { signOut } from './api.js';
import { byId } from './dom.js';
import { attempt } from './status.js';

byId('sign-out').hidden = !document.cookie.includes('watchnext-console-signed-in=');
byId('sign-out').addEventListener('click', () =>
  attempt(async () => {
    await signOut();
    location.reload();
  }),
);
