import { tierNames } from '@ml-job-mesh/tier-service/tier-names.ts';
import { type ReactNode, useId } from 'react';
import declared from '../../../model_config/datasets.json' with { type: 'json' };
import { setHashParams } from '../shell/hash-location.ts';
import { type Filters, statuses } from './job-list.ts';

/** What of the jobs is listed. The address keeps it. */
export function JobFilters({ filters, hasMine }: { filters: Filters; hasMine: boolean }) {
  const choose = (name: string) => (value: string) => setHashParams({ [name]: value, page: undefined });
  return (
    <div className="filters">
      <Choice label="Tier" value={filters.tier} onChange={choose('tier')}>
        {tierNames.map((tier) => (
          <option key={tier}>{tier}</option>
        ))}
      </Choice>
      <Choice label="Status" value={filters.status} onChange={choose('status')}>
        {statuses.map((status) => (
          <option key={status}>{status}</option>
        ))}
      </Choice>
      <Choice label="Dataset" value={filters.dataset} onChange={choose('dataset')}>
        {Object.entries(declared).map(([name, { title }]) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </Choice>
      {(hasMine || filters.mine) && (
        <label className="check">
          <input
            type="checkbox"
            checked={filters.mine}
            onChange={(event) => choose('mine')(event.target.checked ? 'yes' : '')}
          />
          Only yours
        </label>
      )}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string | undefined;
  onChange: (value: string) => void;
  children: ReactNode;
}

function Choice({ label, value, onChange, children }: ChoiceProps) {
  const id = useId();
  return (
    <div className="choice">
      <label htmlFor={id} className="visually-hidden">
        {label}
      </label>
      <select id={id} value={value ?? ''} onChange={(event) => onChange(event.target.value)}>
        <option value="">{label}: all</option>
        {children}
      </select>
    </div>
  );
}
