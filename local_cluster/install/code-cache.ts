/**
 * Loaded before a command's own program: has Node keep the compiled code of this process, and of those that it starts,
 * for the next time. Without it each of them would strip types from and compile some hundred files again. Pods have the
 * same folder (see `images.ts`).
 */
import { enableCompileCache } from 'node:module';
import path from 'node:path';

process.env.NODE_COMPILE_CACHE ??= path.join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'node');
enableCompileCache(process.env.NODE_COMPILE_CACHE);
