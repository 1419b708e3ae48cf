/** The one line that says what the page does, or what went wrong. */
import { byId } from './dom.js';

export function say(text, isError = false) {
  const status = byId('status');
  status.textContent = text;
  status.classList.toggle('error', isError);
}

/** Says it where `work` fails. */
export async function attempt(work) {
  try {
    await work();
  } catch (error) {
    console.error(error);
    say(error.message, true);
  }
}
