// The URLs are relative to the page, which works on the server (/docs) and in a static site (index.html).
Scalar.createApiReference('#app', {
  sources: [
    { title: 'REST', slug: 'rest', url: 'openapi.json', default: true },
    { title: 'Chat stream (WebSocket)', slug: 'stream', url: 'asyncapi.json' },
  ],
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  agent: { disabled: true },
  mcp: { disabled: true },
  showDeveloperTools: 'never',
  persistAuth: false,
  modelsSectionLabel: 'Schemas',
  // Scalar's default text, 'Selected Auth Type: …', overlaps the 'Required' next to it.
  localization: { translations: { apiClient: { authSelector: { selectedType: '{type}' } } } },
})
