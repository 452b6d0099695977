import { useDevice } from '../shell/device.ts';
import { Shell, show } from '../shell/shell.tsx';
import { useStream } from '../shell/stream.ts';
import { Offer } from './offer.tsx';
import { Report } from './report.tsx';
import { SelfTest } from './self_test.tsx';
import { useDiagnosed, useMarkdown } from './store.ts';
import type { AdapterHandlers } from './worker.ts';

function App() {
  const device = useDevice<AdapterHandlers>();
  const diagnosed = useDiagnosed(device);
  const test = useStream(device, 'test');
  const markdown = useMarkdown(device, diagnosed?.diagnosis, test.parts);
  return (
    <Shell page="adapter" device={device}>
      <h1>Adapter</h1>
      {diagnosed ? (
        <div class="adapter-page">
          <Offer diagnosis={diagnosed.diagnosis} />
          <SelfTest ops={diagnosed.ops} test={test} ready={device.state.kind === 'ready'} />
          <Report markdown={markdown} tested={test.parts.length > 0} />
        </div>
      ) : (
        <p class="waiting">{device.state.kind === 'lost' ? '' : 'Asking the adapter …'}</p>
      )}
    </Shell>
  );
}

show(<App />);
