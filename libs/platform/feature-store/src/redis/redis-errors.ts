/**
 * The client library hangs the failed command with its arguments onto errors: the password of an AUTH, the states of
 * a commit. Whoever logs the cause of an error would log them.
 */
export function cleanCause(error: Error): Error {
  const { message, name, code } = error as NodeJS.ErrnoException;
  const last = (error as { lastNodeError?: Error }).lastNodeError;
  const clean: NodeJS.ErrnoException = new Error(last ? `${message} Last error: ${last.message}` : message);
  clean.name = name;
  if (code !== undefined) clean.code = code;
  return clean;
}

/** Redis is there and does not let us in. */
export function isRefusal(error: Error): boolean {
  return /WRONGPASS|NOAUTH|NOPERM|invalid password/.test(error.message);
}
