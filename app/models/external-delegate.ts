/** A delegate that comes as a library of its own. */
export interface ExternalDelegate {
  library: string;
  /** `key=value` each. */
  options: readonly string[];
}

interface DelegateSettings {
  name: string;
  delegate: string;
  delegate_library: string | null;
  delegate_options: readonly string[];
}

/** That of a model's settings, null where they name another delegate. Throws one line where a setting
 *  is missing or for nothing. */
export function externalDelegate(model: DelegateSettings): ExternalDelegate | null {
  const { name, delegate, delegate_library: library, delegate_options: options } = model;
  const external = delegate === 'external';
  if (external && library !== null) return { library, options };
  if (external) {
    throw new Error(
      `model ${name}: delegate is external, but no delegate_library is named: name it`,
    );
  }
  if (library === null && options.length === 0) return null;
  throw new Error(
    `model ${name}: delegate_library and delegate_options are for the delegate external, ` +
      `it is ${delegate}`,
  );
}
