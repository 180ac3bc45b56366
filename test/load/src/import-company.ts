const TEAMS = 199;
const NUMBER = 'int(identity.employeeNumber.substring(1))';
const team = (shift: number): string => `'Team ' + string((${NUMBER} + ${shift}) % ${TEAMS})`;

/** Everybody is in three groups a side: teams by employee number, and three in ten in the one large group. */
const namesOf = `[${team(0)}, ${team(57)}, ${NUMBER} % 10 < 3 ? 'Car park' : ${team(101)}]`;

export const GROUPS_EACH = 3;

/** HR full of people, and directories that hold 200 groups, 8 apps and nobody but an administrator. */
export const importSize = (workers: number) => ({
  workers,
  groupNames: ['Car park', ...Array.from({ length: TEAMS }, (_, at) => `Team ${at}`)],
  apps: 8,
  directories: 'frame' as const,
});

/** The joiner template: its accounts as they are, and the groups of the import. */
export const importFlow = (template: string): string => {
  const step = (side: string): string => `  - id: ${side}-teams\n    group: { connection: '\${${side}}', nameOf: "${namesOf}" }\n`;
  return `${template.slice(0, template.indexOf('  - id: okta-group'))}${step('okta')}\n${step('entra')}`;
};
