// The documents lie beside the folder that this page seems to be in, on the server and in a static site.
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
  // Scalar's own words, 'Selected Auth Type: …', run into its 'Required' beside them.
  localization: { translations: { apiClient: { authSelector: { selectedType: '{type}' } } } },
})
