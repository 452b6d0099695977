interface ConstantsProps {
  /** What they are for what is timed. */
  readonly shipped: Readonly<Record<string, number>>;
  readonly chosen: Readonly<Record<string, number>>;
  onChange(constants: Readonly<Record<string, number>>): void;
}

/** The kernel's `@tune` constants as fields: what its op chooses, unless something else is given. */
export function Constants({ shipped, chosen, onChange }: ConstantsProps) {
  const names = Object.keys(shipped);
  if (names.length === 0) return null;
  const change = (name: string, value: number) => {
    const { [name]: _, ...others } = chosen;
    onChange(Number.isFinite(value) && value !== shipped[name] ? { ...others, [name]: value } : others);
  };
  return (
    <fieldset class="constants">
      <legend>Constants</legend>
      {names.map((name) => (
        <label key={name}>
          <span>{name}</span>
          <input
            type="number"
            value={chosen[name] ?? shipped[name]}
            class={name in chosen ? 'changed' : ''}
            onChange={({ currentTarget }) => change(name, currentTarget.valueAsNumber)}
          />
        </label>
      ))}
    </fieldset>
  );
}
