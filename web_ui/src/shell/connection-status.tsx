import { useConnections } from '../live/live-resource.ts';
import { formatTime } from '../parts/format.ts';

/** Whether what is on screen is live. Says nothing where nothing on screen is meant to be. */
export function ConnectionStatus() {
  const connections = useConnections();
  const away = connections.filter((connection) => connection.state === 'away');
  const isLive = connections.some(({ state }) => state === 'live');
  return (
    <span className="connection" role="status">
      {away.length > 0 ? (
        <>
          <i className="dot away" />
          away since {formatTime(new Date(Math.min(...away.map(({ since }) => since))))}
        </>
      ) : (
        isLive && (
          <>
            <i className="dot live" />
            live
          </>
        )
      )}
    </span>
  );
}
