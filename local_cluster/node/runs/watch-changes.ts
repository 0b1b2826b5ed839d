import { watch } from 'node:fs';

/** How often a path is looked at where it cannot be watched. */
const pollMs = 200;

/**
 * Tells of changes of a file, or in a folder, until it is closed. A user may have only so many inotify watches
 * (fs.inotify.max_user_watches), and an editor or two can take them all: then it tells every 200 ms that something may
 * have changed.
 */
export function watchChanges(path: string, onChange: () => void): { close(): void } {
  let poll: NodeJS.Timeout | undefined;
  const pollInstead = () => {
    poll ??= setInterval(onChange, pollMs).unref();
  };
  try {
    const watcher = watch(path, () => onChange());
    watcher.on('error', pollInstead);
    return {
      close() {
        watcher.close();
        clearInterval(poll);
      },
    };
  } catch {
    pollInstead();
    return { close: () => clearInterval(poll) };
  }
}
