// Chromium under the C locale says that its language is en-US@posix. Intl refuses that, and uPlot, which hands it to Intl
// when it is loaded, would take the whole page with it. Imported before uPlot, and put into the same file.
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en' });
}
