import { Environment } from '@marcbachmann/cel-js';
import { defaultMacro } from './default-macro.ts';
import { functions } from './functions.ts';
import { viewClasses, viewTypes, type ViewType } from './views.ts';

/** The variables of the language and their types. `login` and `domain` are texts: the person's login before the @, the connection's domain. */
export const variables: Readonly<Record<string, string>> = {
  identity: 'Identity',
  worker: 'Worker',
  manager: 'Manager',
  login: 'string',
  domain: 'string',
};

const makeEnvironment = (): Environment => {
  const made = new Environment({ limits: { maxAstNodes: 500, maxDepth: 32, maxListElements: 200, maxMapEntries: 0, maxCallArguments: 8 } });
  for (const name of Object.keys(viewTypes) as ViewType[]) made.registerType(name, { ctor: viewClasses[name], fields: viewTypes[name] });
  for (const [name, type] of Object.entries(variables)) made.registerVariable(name, type);
  for (const [signature, handler] of functions) made.registerFunction(signature, handler, { async: false });
  return made.registerFunction('default(ast, ast): dyn', defaultMacro);
};

/** One for all expressions: making it is expensive, and nothing can be registered later. */
export const environment = makeEnvironment();
