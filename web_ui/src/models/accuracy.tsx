import type { ModelDescription } from '../api/predictions.ts';
import { formatAccuracy, formatCount } from '../parts/format.ts';
import { Figure } from '../parts/panel.tsx';

/** How often a network is right: as measured here, or as its authors say. */
export function Accuracy({ model }: { model: ModelDescription }) {
  const { accuracy, test_images: images, provenance } = model;
  if (accuracy !== null)
    return (
      <Figure value={formatAccuracy(accuracy)}>
        {images === null ? 'of the test images' : `of ${formatCount(images)} test images`}
      </Figure>
    );
  const { recipe } = provenance as { recipe?: { published_accuracy?: number } };
  if (recipe?.published_accuracy === undefined) return <Figure value="–">accuracy not known</Figure>;
  return <Figure value={formatAccuracy(recipe.published_accuracy)}>as its authors say; not measured here</Figure>;
}
