/** Parts of the page. They go in byte by byte: its policy names their hashes. */
export interface PageParts {
  readonly policy: string
  readonly style: string
  /** Program of the audit worker: text that the page starts a worker from. */
  readonly worker: string
  readonly script: string
}

export function pageHtml({ policy, style, worker, script }: PageParts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>RSDP dashboard</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<div id="app"><noscript>This page audits a chain in your browser: it needs JavaScript.</noscript></div>
<script type="text/plain" id="audit-worker">${worker}</script>
<script type="module">${script}</script>
</body>
</html>
`
}
