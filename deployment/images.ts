/** `npm run images`: builds the mesh's images, and brings them to a registry or into a cluster on this machine. */
import { runCommand } from './command.ts';
import { makeImages } from './images/make-images.ts';
import { imagesUsage, parseImagesOptions } from './images/options.ts';

await runCommand('npm run images', imagesUsage, async (cancel) => {
  const options = parseImagesOptions(process.argv.slice(2));
  return options ? makeImages(options, cancel) : imagesUsage;
});
