/** Okta connections and an HR system. Nobody is called: reconciliation reads names, kinds and keys only. */
export const connectionFile = (names: readonly string[], secret: string): string => `connections:
  - { name: hr-main, kind: hr, authoritative: true, credential: { token: "file:${secret}" } }
${names
  .map(
    (name) =>
      `  - { name: ${name}, kind: okta, url: "https://${name}.example", state: live, domain: kestrel.example, credential: { token: "file:${secret}" } }\n`,
  )
  .join('')}`;
