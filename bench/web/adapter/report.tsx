import { useState } from 'preact/hooks';

/** All of the page as Markdown, to be copied. */
export function Report({ markdown, tested }: { markdown: string; tested: boolean }) {
  const [answer, setAnswer] = useState({ to: '', said: '' });
  const copy = () =>
    navigator.clipboard.writeText(markdown).then(
      () => setAnswer({ to: markdown, said: 'Copied.' }),
      () => setAnswer({ to: markdown, said: 'This browser does not let the page copy: take the text below.' }),
    );
  // A report that has changed since is not what was copied.
  const said = answer.to === markdown ? answer.said : '';
  return (
    <section aria-labelledby="report">
      <h2 id="report">For a bug report</h2>
      <div class="actions">
        <button type="button" disabled={markdown === ''} onClick={copy}>
          Copy as Markdown
        </button>
        <span role="status">{said || (tested ? '' : 'Test the kernels first where a result is wrong.')}</span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <pre class="report" tabIndex={0}>
        {markdown}
      </pre>
    </section>
  );
}
