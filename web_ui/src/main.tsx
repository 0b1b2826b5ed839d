import './theme/tokens.css';
import './theme/fonts.css';
import './theme/base.css';
import './parts/parts.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { watchSurroundings } from './live/live-resource.ts';
import { App } from './shell/app.tsx';

watchSurroundings();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
