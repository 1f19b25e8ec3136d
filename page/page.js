"use strict";

// Swagger UI is dark where <html> has this class; the page follows what the system prefers.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

SwaggerUIBundle({
  dom_id: "#page",
  url: "/openapi.json",
  deepLinking: true,
  // The groups, each folded.
  docExpansion: "none",
  // Each call can be tried at once.
  tryItOutEnabled: true,
  // The token stays in memory: nothing of it outlives the page.
  persistAuthorization: false,
  // Nobody chooses another document, or sets anything here, through a link.
  queryConfigEnabled: false,
  // No badge from a server elsewhere.
  validatorUrl: null,
  // All schemas at the end, folded.
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  syntaxHighlight: { theme: "obsidian" },
});
