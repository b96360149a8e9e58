import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { element } from '../shared/page-elements.ts';
import { App } from './page/app.tsx';

createRoot(element('root', HTMLElement)).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
