import type { Live } from '../live/live-resource.ts';
import { Away, Refused, sentence } from '../parts/states.tsx';
import type { TierName, TierState } from './tier-state.ts';

/** What there is to say of a tier that is away, or whose news may be late; what was known of it stays on screen. */
export function TierNotice({ tier, live: { data, connection } }: { tier: TierName; live: Live<TierState> }) {
  const what = `The ${tier} tier`;
  if (connection.state === 'away')
    return <Away what={what} outage={{ error: connection.error, since: new Date(connection.since) }} />;
  if (connection.state === 'closed' && connection.error) return <Refused what={what} error={connection.error} />;
  if (!data?.stale) return null;
  return (
    <div className="notice state" role="status">
      <strong>{what} does not hear from Kubernetes</strong>
      <div>
        {sentence(data.stale)} What is shown of it may be out of date; its jobs go on, and this page catches up by
        itself.
      </div>
    </div>
  );
}
