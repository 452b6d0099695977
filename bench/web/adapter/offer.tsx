import { adapterFacts, type Diagnosis } from '../../../src/report/diagnosis.ts';
import { Table } from '../shell/table.tsx';

/** What the adapter is and has, and what follows from what it lacks. */
export function Offer({ diagnosis: { adapter, runtime, faster, features, limits } }: { diagnosis: Diagnosis }) {
  const facts = [['name', adapter.name], ...adapterFacts(adapter), ['seen by', runtime]];
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
      <Table class="offer" heads={['feature or limit', 'here', 'what follows']}>
        {[...features, ...limits].map(({ name, value, consequence }) => (
          <tr key={name} class={consequence ? 'lacking' : undefined}>
            <th scope="row">
              <code>{name}</code>
            </th>
            <td>{value}</td>
            <td>{consequence || '–'}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
