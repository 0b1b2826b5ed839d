import { Component, type ReactNode } from 'react';

/** Shows a fault of the page's own where it happened, and leaves the rest alone. */
export class FaultBoundary extends Component<{ children: ReactNode }, { fault: unknown }> {
  override state = { fault: undefined as unknown };

  static getDerivedStateFromError(fault: unknown) {
    return { fault };
  }

  override render() {
    const { fault } = this.state;
    if (fault === undefined) return this.props.children;
    return (
      <div className="notice bad state" role="alert">
        <strong>This part of the page has a fault</strong>
        <div>
          {String(fault)}. Reload the page; what runs on the mesh goes on by itself.
          <div className="buttons">
            <button type="button" onClick={() => location.reload()}>
              Reload
            </button>
          </div>
        </div>
      </div>
    );
  }
}
