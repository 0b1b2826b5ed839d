import { useTier } from '../jobs/use-tiers.ts';
import { formatCount } from '../parts/format.ts';

/** Who has the free tier's places, wherever on the page: `free 2 of 2, 3 waiting`. */
export function QueueStatus() {
  const { data } = useTier('free');
  if (!data) return null;
  const { running, limit, waiting } = data.queue;
  return (
    <span className="queue-status">
      free {formatCount(running)}
      {limit !== null && ` of ${formatCount(limit)}`}
      {waiting > 0 && `, ${formatCount(waiting)} waiting`}
    </span>
  );
}
