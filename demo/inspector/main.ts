// uPlot makes a number format of the browser's language when it is loaded, and a language that is none (`C`, which
// WebKitGTK takes from the environment) would end the page there.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en' });
}
export {};

await import('./page.ts');
