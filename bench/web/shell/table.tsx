import type { ComponentChildren } from 'preact';

interface TableProps {
  readonly class?: string;
  readonly caption?: string;
  readonly heads: readonly string[];
  /** Rows. */
  readonly children: ComponentChildren;
}

/** A table that is scrolled sideways where it is wider than the page. */
export const Table = ({ class: name, caption, heads, children }: TableProps) => (
  <div class="wide">
    <table class={name}>
      {caption && <caption>{caption}</caption>}
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);
