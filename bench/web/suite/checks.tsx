interface ChecksProps<T extends string> {
  readonly legend: string;
  readonly options: readonly { readonly value: T; readonly title: string }[];
  readonly chosen: readonly T[];
  readonly disabled: boolean;
  onChange(chosen: readonly T[]): void;
}

/** Any number of several. */
export const Checks = <T extends string>({ legend, options, chosen, disabled, onChange }: ChecksProps<T>) => (
  <fieldset class="checks" disabled={disabled}>
    <legend>{legend}</legend>
    {options.map(({ value, title }) => (
      <label key={value} class="check">
        <input
          type="checkbox"
          checked={chosen.includes(value)}
          onChange={({ currentTarget: { checked } }) =>
            onChange(checked ? [...chosen, value] : chosen.filter((own) => own !== value))
          }
        />
        {title}
      </label>
    ))}
  </fieldset>
);
