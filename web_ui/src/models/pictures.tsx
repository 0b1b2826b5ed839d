import type { ModelDescription } from '../api/predictions.ts';
import { Curve } from '../parts/curve.tsx';
import { ConfusionMatrix } from './confusion-matrix.tsx';
import { colourOfType, lossCurve } from './model-parts.ts';

/** Confusion matrix and training curve, where there are any; samples where there are none. */
export function Pictures({ model }: { model: ModelDescription }) {
  const { type, classes, confusion_matrix: matrix, samples } = model;
  const { points, epochs } = lossCurve(model);
  const colour = colourOfType(type);
  if (!matrix && points.length === 0)
    return (
      <div className="model-samples">
        {samples.map(({ label, image }) => (
          <img key={image} src={image} alt={label} title={label} />
        ))}
      </div>
    );
  return (
    <div className="model-pictures">
      {matrix && <ConfusionMatrix matrix={matrix} labels={classes.map(({ label }) => label)} colour={colour} />}
      {points.length > 0 && <Curve label="loss" points={points} epochs={epochs} colour={colour} />}
    </div>
  );
}
