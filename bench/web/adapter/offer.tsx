import type { Diagnosis } from '../../../src/report/diagnosis.ts';

/** What the adapter is and has, and what follows from what it lacks. */
export function Offer({ diagnosis: { adapter, runtime, faster, features, limits } }: { diagnosis: Diagnosis }) {
  const facts = [
    ['name', adapter.name],
    ['taken because', adapter.why],
    ['kernels for', adapter.kind === 'cpu' ? 'a processor (software driver)' : 'a GPU'],
    ['subgroups', adapter.subgroupSize > 0 ? `${adapter.subgroupSize} lanes` : ''],
    ...Object.entries(adapter.info).filter(([, value]) => value !== adapter.name),
    ['seen by', runtime],
  ].filter(([, value]) => value);
  return (
    <section aria-labelledby="offer">
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {faster.length > 0 && (
        <ul class="faster">
          {faster.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
      <h2 id="offer">What it offers</h2>
      <div class="wide">
        <table class="offer">
          <thead>
            <tr>
              <th scope="col">feature or limit</th>
              <th scope="col">here</th>
              <th scope="col">what follows</th>
            </tr>
          </thead>
          <tbody>
            {[...features, ...limits].map(({ name, value, consequence }) => (
              <tr key={name} class={consequence ? 'lacking' : undefined}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td>{value}</td>
                <td>{consequence || '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
