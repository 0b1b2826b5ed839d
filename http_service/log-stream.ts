// Where the log goes. A line written by itself is a system call for each request, which for a service of many small
// requests is a part that shows; the lines of a moment are written together.

const gatherMs = 50;

/** A stream for the logger; what it has gathered is written after 50 ms, and before the process ends. */
export function createLogStream(output: Pick<NodeJS.WriteStream, 'write'> = process.stdout) {
  let lines = '';
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (lines === '') return;
    output.write(lines);
    lines = '';
  }

  process.on('exit', flush);
  return {
    write(line: string): void {
      lines += line;
      timer ??= setTimeout(flush, gatherMs).unref();
    },
  };
}
