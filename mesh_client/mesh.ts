#!/usr/bin/env node
/** The command-line client: `npx mesh --help` or `npm run mesh -- --help`. */
import { runCommandLine } from './command-line.ts';

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
// `mesh logs ID | head` ends when head does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const { stdout, stderr, env } = process;
process.exitCode = await runCommandLine(process.argv.slice(2), { stdout, stderr, env, signal: interrupt.signal });
