/**
 * For a main, before it writes: whoever reads its output may go before all is written, as `head` does. Node would end the program with an
 * uncaught EPIPE, amid its work. So the work is finished, and what nobody reads is thrown away; standard error may be the same pipe.
 *
 * @param onClosed for a program that has no end of its own: when nobody reads one of the two any more
 */
export function allowClosedOutput(onClosed: () => void = () => undefined): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      onClosed();
    });
}
