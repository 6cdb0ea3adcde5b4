// Not used: the page loads swagger-ui-bundle.js.
